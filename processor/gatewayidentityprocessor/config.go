package gatewayidentityprocessor

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/configcheck"
	"github.com/gatehouse-otel/gatehouse/internal/identity"
	"github.com/gatehouse-otel/gatehouse/internal/kube"
)

// Config is what users write under gateway_identity. The empty configuration is the recommended one.
type Config struct {
	// AuthType says how to reach the Kubernetes API server: serviceAccount (default) is the account of the pod the
	// Collector runs in, kubeConfig is $KUBECONFIG or ~/.kube/config, none does without. With serviceAccount outside of a
	// cluster the processor says so once and does without.
	AuthType kube.AuthType `mapstructure:"auth_type"`
	// Context picks one of the kubeconfig's contexts. Default: the current one.
	Context string `mapstructure:"context"`
	// WaitForMetadata bounds how long the start waits for the first complete look at the cluster. 0 does not wait. Default:
	// 10s. Whatever is learned later is used from then on.
	WaitForMetadata time.Duration `mapstructure:"wait_for_metadata"`
	// InstanceID says what service.instance.id is: pod_uid (default), gateway_uid, or k8s_name, which is
	// <namespace>.<pod>.<container>.
	InstanceID identity.InstanceID `mapstructure:"instance_id"`
	// Connection takes the peer of the connection as evidence, after all other. Default: true.
	Connection bool `mapstructure:"connection"`
	// DefaultNames replaces the list of service names that gateways give themselves, which do not count as set once the
	// pod of a gateway is found.
	DefaultNames []string `mapstructure:"default_names"`
	// Routes looks up the HTTPRoute or GRPCRoute and the listener behind the route that an item names. Default: true.
	Routes bool `mapstructure:"routes"`
	// Upstream looks up the Service and workload behind the upstream that an item names. Default: true.
	Upstream bool `mapstructure:"upstream"`
	// Extract are labels and annotations that become attributes.
	Extract ExtractConfig `mapstructure:"extract"`
	// DeletedPods is how long a pod is still known after it was deleted. Default: 2m.
	DeletedPods time.Duration `mapstructure:"deleted_pods"`
	// CacheSize is how many resources, routes and upstreams are remembered, each in two generations. Default: 10000.
	CacheSize int `mapstructure:"cache_size"`

	_ struct{}
}

// ExtractConfig names labels and annotations that become attributes.
type ExtractConfig struct {
	// Labels and Annotations of Gateways become resource attributes, those of routes attributes of spans and log records.
	Labels      []FieldConfig `mapstructure:"labels"`
	Annotations []FieldConfig `mapstructure:"annotations"`

	_ struct{}
}

// FieldConfig is one label or annotation.
type FieldConfig struct {
	// Key is its whole key. Required.
	Key string `mapstructure:"key"`
	// From is the object that has it: gateway (default) or route.
	From From `mapstructure:"from"`
	// Attribute is what it becomes. Default: gateway.label.<key>, gateway.route.annotation.<key> and so on.
	Attribute string `mapstructure:"attribute"`

	_ struct{}
}

// From is the kind of object that has a label or annotation.
type From string

// The kinds of objects.
const (
	FromGateway From = "gateway"
	FromRoute   From = "route"
)

func createDefaultConfig() component.Config {
	d := identity.DefaultOptions()
	return &Config{
		AuthType:        kube.AuthServiceAccount,
		WaitForMetadata: 10 * time.Second,
		InstanceID:      d.InstanceID,
		Connection:      d.Connection,
		DefaultNames:    d.DefaultNames,
		Routes:          d.Routes,
		Upstream:        d.Upstream,
		DeletedPods:     2 * time.Minute,
		CacheSize:       d.CacheSize,
	}
}

// maxWait bounds wait_for_metadata. Nothing is received meanwhile, and a cluster that is not known by then is away.
const maxWait = 5 * time.Minute

// maxCache bounds cache_size. A remembered resource takes about a kilobyte.
const maxCache = 1_000_000

// Validate reports every problem at once, each line naming the field, the value and the way out.
func (c *Config) Validate() error {
	errs := configcheck.OneOf("auth_type", c.AuthType, kube.AuthNone, kube.AuthServiceAccount, kube.AuthKubeConfig)
	fail := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	if c.Context != "" && c.AuthType != kube.AuthKubeConfig {
		fail("context: %q needs auth_type kubeConfig: set that, or remove the context", c.Context)
	}
	if c.WaitForMetadata < 0 || c.WaitForMetadata > maxWait {
		fail("wait_for_metadata: %s is not possible, want 0s, which does not wait, to %s", c.WaitForMetadata, maxWait)
	}
	if c.DeletedPods < 0 {
		fail("deleted_pods: %s is negative: 0s forgets a pod when it is deleted", c.DeletedPods)
	}
	if c.CacheSize < 1 || c.CacheSize > maxCache {
		fail("cache_size: %d is not possible, want 1 to %d", c.CacheSize, maxCache)
	}
	return errors.Join(errs,
		configcheck.OneOf("instance_id", c.InstanceID, identity.InstancePodUID, identity.InstanceGatewayUID, identity.InstanceK8SName),
		configcheck.Names("default_names", c.DefaultNames),
		c.Extract.validate(c.Routes),
	)
}

// validate reports every problem of the labels and annotations. routes says whether routes are looked up.
func (c *ExtractConfig) validate(routes bool) error {
	var errs error
	taken := make(map[identity.Extract]string) // what has an attribute already, by the kind of object in Key
	for _, list := range []struct {
		field, what string
		fields      []FieldConfig
	}{{"extract::labels", labelPrefix, c.Labels}, {"extract::annotations", annotationPrefix, c.Annotations}} {
		for i := range list.fields {
			f := &list.fields[i]
			at := fmt.Sprintf("%s::%d", list.field, i)
			fail := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(at+format, args...)) }
			if problems := validation.IsQualifiedName(f.Key); len(problems) > 0 {
				fail("::key: %q is not the key of a label or annotation, want its whole key, such as team or example.com/team: %s", f.Key, problems[0])
			}
			switch f.from() {
			case FromGateway:
			case FromRoute:
				if !routes {
					fail("::from: %q needs routes: true: set that, or remove the entry", f.From)
				}
			default:
				errs = errors.Join(errs, configcheck.OneOf(at+"::from", f.From, FromGateway, FromRoute))
			}
			if reserved(f.Attribute) {
				fail("::attribute: %q is what this processor decides: use another name%s", f.Attribute, insteadOf(f.Attribute))
			}
			name := identity.Extract{Key: string(f.from()), Attribute: f.attribute(list.what)}
			if other, ok := taken[name]; ok {
				fail("::attribute: %q is what %s becomes already: use another name", name.Attribute, other)
			}
			taken[name] = at
		}
	}
	return errs
}

// reserved tells whether an attribute is part of the contract, or of what is written on spans and log records.
func reserved(attribute string) bool {
	for _, prefix := range []string{"service.", "k8s.", "gateway.listener.", "gateway.upstream."} {
		if strings.HasPrefix(attribute, prefix) {
			return true
		}
	}
	switch attribute {
	case attrs.GatewayName, attrs.GatewayNamespace, attrs.GatewayClassName, attrs.GatewayVirtualHost, attrs.GatewayRouteID, attrs.GatewayRouteName,
		attrs.GatewayRouteNamespace, attrs.GatewayRouteKind, attrs.GatewayRouteRule, attrs.GatewayRouteMatch:
		return true
	}
	return false
}

// insteadOf is the other way to set an attribute of the contract, where there is one.
func insteadOf(attribute string) string {
	if strings.HasPrefix(attribute, "gateway.") {
		return ""
	}
	return ", or the annotation resource.opentelemetry.io/" + attribute
}

const (
	labelPrefix      = "label."
	annotationPrefix = "annotation."
)

func (f *FieldConfig) from() From {
	if f.From == "" {
		return FromGateway
	}
	return f.From
}

// attribute is the name that the label or annotation gets.
func (f *FieldConfig) attribute(what string) string {
	switch {
	case f.Attribute != "":
		return f.Attribute
	case f.from() == FromRoute:
		return "gateway.route." + what + f.Key
	default:
		return "gateway." + what + f.Key
	}
}

// extracts returns what is asked of one kind of object.
func (c *ExtractConfig) extracts(from From) identity.Extracts {
	pick := func(list []FieldConfig, what string) []identity.Extract {
		var picked []identity.Extract
		for i := range list {
			if f := &list[i]; f.from() == from {
				picked = append(picked, identity.Extract{Key: f.Key, Attribute: f.attribute(what)})
			}
		}
		return picked
	}
	return identity.Extracts{Labels: pick(c.Labels, labelPrefix), Annotations: pick(c.Annotations, annotationPrefix)}
}
