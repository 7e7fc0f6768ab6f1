package gatewayidentityprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

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

// maxCache bounds cache_size. A remembered resource takes about a kilobyte.
const maxCache = 1_000_000

// Validate reports every problem at once, each line naming the field, the value and the way out.
func (c *Config) Validate() error {
	var errs error
	fail := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	if types := []kube.AuthType{kube.AuthNone, kube.AuthServiceAccount, kube.AuthKubeConfig}; !slices.Contains(types, c.AuthType) {
		fail("auth_type: %q is not possible, want one of none, serviceAccount, kubeConfig", c.AuthType)
	}
	if c.Context != "" && c.AuthType != kube.AuthKubeConfig {
		fail("context: %q needs auth_type kubeConfig: set that, or remove the context", c.Context)
	}
	if ids := []identity.InstanceID{identity.InstancePodUID, identity.InstanceGatewayUID, identity.InstanceK8SName}; !slices.Contains(ids, c.InstanceID) {
		fail("instance_id: %q is not possible, want one of pod_uid, gateway_uid, k8s_name", c.InstanceID)
	}
	if c.WaitForMetadata < 0 {
		fail("wait_for_metadata: %s is negative: 0s does not wait", c.WaitForMetadata)
	}
	if c.DeletedPods < 0 {
		fail("deleted_pods: %s is negative: 0s forgets a pod when it is deleted", c.DeletedPods)
	}
	if c.CacheSize < 1 || c.CacheSize > maxCache {
		fail("cache_size: %d is not possible, want 1 to %d", c.CacheSize, maxCache)
	}
	if slices.Contains(c.DefaultNames, "") {
		fail("default_names: %q is not a name: remove it", "")
	}
	errs = errors.Join(errs, validateFields("extract::labels", c.Extract.Labels), validateFields("extract::annotations", c.Extract.Annotations))
	return errs
}

func validateFields(field string, list []FieldConfig) error {
	var errs error
	for i := range list {
		f := &list[i]
		if f.Key == "" {
			errs = errors.Join(errs, fmt.Errorf("%s::%d::key: %q is not a key: name the label or annotation", field, i, f.Key))
		}
		if f.From != "" && f.From != FromGateway && f.From != FromRoute {
			errs = errors.Join(errs, fmt.Errorf("%s::%d::from: %q is not possible, want one of gateway, route", field, i, f.From))
		}
		if strings.HasPrefix(f.Attribute, "service.") || strings.HasPrefix(f.Attribute, "k8s.") {
			errs = errors.Join(errs, fmt.Errorf("%s::%d::attribute: %q is what this processor decides: use the annotation resource.opentelemetry.io/%s instead",
				field, i, f.Attribute, f.Attribute))
		}
	}
	return errs
}

// extracts returns what is asked of one kind of object.
func (c *ExtractConfig) extracts(from From) identity.Extracts {
	prefix := "gateway."
	if from == FromRoute {
		prefix = "gateway.route."
	}
	pick := func(list []FieldConfig, what string) []identity.Extract {
		var picked []identity.Extract
		for i := range list {
			f := &list[i]
			if f.From != from && (f.From != "" || from != FromGateway) {
				continue
			}
			x := identity.Extract{Key: f.Key, Attribute: f.Attribute}
			if x.Attribute == "" {
				x.Attribute = prefix + what + f.Key
			}
			picked = append(picked, x)
		}
		return picked
	}
	return identity.Extracts{Labels: pick(c.Labels, "label."), Annotations: pick(c.Annotations, "annotation.")}
}
