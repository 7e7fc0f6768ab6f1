package gatewaysemconvprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// GatewayConfig describes a gateway. It compiles to the same type as the built-in ones.
type GatewayConfig struct {
	// ID names the gateway in our own metrics. The id of a built-in gateway adds to that one: the rules here
	// come before its own.
	ID string `mapstructure:"id"`
	// Base is the gateway this one is built on, for example envoy. Default: none.
	Base string `mapstructure:"base"`
	// Detect lists the evidence; one entry suffices. Required for a new gateway.
	Detect []EvidenceConfig `mapstructure:"detect"`
	// Attributes are the rules for span and log record attributes.
	Attributes []RuleConfig `mapstructure:"attributes"`
	// Resource are the rules for resource attributes.
	Resource []RuleConfig `mapstructure:"resource"`
	// Patterns take named parts out of attribute values.
	Patterns []PatternConfig `mapstructure:"patterns"`
	// SpanNames lists the span names the gateway gives by itself, with one '*' at most. They are replaced by
	// the convention's name.
	SpanNames []string `mapstructure:"span_names"`
	// FillClients lists the names of client spans that carry no method, to be filled from their parent.
	FillClients []string `mapstructure:"fill_clients"`
	// OKIsUnset: the gateway writes status OK on whatever it did not notice to fail. Default: false.
	OKIsUnset bool `mapstructure:"ok_is_unset"`
	// LogBodies lists the text formats of its access log lines.
	LogBodies []string `mapstructure:"log_bodies"`

	_ struct{}
}

// EvidenceConfig is one sign by which a gateway is recognized. Exactly one of scope, span_name, resource and
// attribute is set.
type EvidenceConfig struct {
	// Scope is the name of the instrumentation scope; a trailing '*' stands for any rest.
	Scope string `mapstructure:"scope"`
	// SpanName is the name of a span; a trailing '*' stands for any rest.
	SpanName string `mapstructure:"span_name"`
	// Resource is the key of a resource attribute.
	Resource string `mapstructure:"resource"`
	// Attribute is the key of a span or log record attribute.
	Attribute string `mapstructure:"attribute"`
	// Value is what the attribute must be; a trailing '*' stands for any rest. Default: any value.
	Value string `mapstructure:"value"`

	_ struct{}
}

// RuleConfig says what becomes of one attribute.
type RuleConfig struct {
	// From is the key as it arrives.
	From string `mapstructure:"from"`
	// To is the key it becomes, or a list for conversions with several results.
	To []string `mapstructure:"to"`
	// As is the conversion; see the README for the list. Default: rename.
	As string `mapstructure:"as"`
	// Kinds restricts the rule to span kinds: server, client, internal, producer, consumer. Default: all.
	Kinds []string `mapstructure:"kinds"`
	// Signals restricts the rule: traces, logs. Default: both.
	Signals []string `mapstructure:"signals"`
	// DashIsAbsent: "-", "" and "$(NAME)" mean that there is no value. Default: false.
	DashIsAbsent bool `mapstructure:"dash_is_absent"`
	// Yield: another source of the same target wins. Default: false.
	Yield bool `mapstructure:"yield"`
	// Values replaces values, for as: map.
	Values map[string]string `mapstructure:"values"`

	_ struct{}
}

// PatternConfig takes named parts out of an attribute's value.
type PatternConfig struct {
	// Key is the attribute that is read.
	Key string `mapstructure:"key"`
	// Text is the pattern: literal text with fields in braces, "svc_{gateway.upstream.service.name}_{}".
	Text string `mapstructure:"text"`
	// Resource writes the parts to the resource, where they are missing. Default: false.
	Resource bool `mapstructure:"resource"`

	_ struct{}
}

// conversions are the operations a user can name, with the meaning of their targets in the README.
var conversions = map[string]gateway.Op{
	"": gateway.OpRename, "rename": gateway.OpRename, "keep": gateway.OpKeep, "drop": gateway.OpDrop,
	"drop_absent": gateway.OpDropAbsent, "lower": gateway.OpLower, "int": gateway.OpInt,
	"int_nonzero": gateway.OpIntNonzero, "try": gateway.OpTry, "size": gateway.OpSize, "port": gateway.OpPort,
	"double": gateway.OpDouble, "string": gateway.OpString, "bool": gateway.OpBool, "strings": gateway.OpStrings,
	"split": gateway.OpSplit, "map": gateway.OpMap, "s": gateway.OpSeconds, "ms": gateway.OpMillis,
	"us": gateway.OpMicros, "ns": gateway.OpNanos, "duration": gateway.OpDuration, "method": gateway.OpMethod,
	"status": gateway.OpStatus, "protocol": gateway.OpFlavor, "url": gateway.OpURL, "target": gateway.OpTarget,
	"query": gateway.OpQuery, "host_port": gateway.OpHostPort, "address": gateway.OpAddress,
	"forwarded_for": gateway.OpFirstIP, "header": gateway.OpHeader, "template": gateway.OpTemplate,
	"grpc_path": gateway.OpGRPCPath, "grpc_status": gateway.OpGRPCCode, "error": gateway.OpError,
	"error_text": gateway.OpErrorText, "error_type": gateway.OpErrorType, "trace_id": gateway.OpTraceID,
	"span_id": gateway.OpSpanID, "traceparent": gateway.OpTraceparent, "time": gateway.OpTime,
	"time_s": gateway.OpTimeSeconds, "time_ms": gateway.OpTimeMillis, "time_ns": gateway.OpTimeNanos,
	"pattern": gateway.OpPattern,
}

var spanKinds = map[string]gateway.Kinds{
	"server": gateway.KindServer, "client": gateway.KindClient, "internal": gateway.KindInternal,
	"producer": gateway.KindProducer, "consumer": gateway.KindConsumer,
}

var signals = map[string]gateway.Signal{"traces": gateway.OnSpans, "logs": gateway.OnLogs}

var bodyFormats = []string{
	string(gateway.BodyEnvoyText), string(gateway.BodyIstioText), string(gateway.BodyJSON),
	string(gateway.BodyAgentgatewayText), string(gateway.BodyNginx), string(gateway.BodyIngressNginx),
	string(gateway.BodyTraefik),
}

// validate reports every problem of one gateway; at is its place in the list.
func (g *GatewayConfig) validate(at int) error {
	var errs error
	fail := func(field, format string, args ...any) {
		errs = errors.Join(errs, fmt.Errorf("gateways::%d::%s: %s", at, field, fmt.Sprintf(format, args...)))
	}
	if g.ID == "" || g.ID == string(gateway.Unknown) {
		fail("id", "%q is not possible: give the gateway a name of its own, or the id of a built-in one to add to it", g.ID)
	}
	for i, e := range g.Detect {
		set := 0
		for _, s := range []string{e.Scope, e.SpanName, e.Resource, e.Attribute} {
			if s != "" {
				set++
			}
		}
		if set != 1 {
			fail(fmt.Sprintf("detect::%d", i), "%d of scope, span_name, resource and attribute are set, want exactly one", set)
		}
		if e.Value != "" && e.Resource == "" && e.Attribute == "" {
			fail(fmt.Sprintf("detect::%d::value", i), "%q needs resource or attribute beside it", e.Value)
		}
	}
	check := func(list string, rules []RuleConfig) {
		for i := range rules {
			r := &rules[i]
			field := fmt.Sprintf("%s::%d::", list, i)
			if r.From == "" {
				fail(field+"from", "is empty: name the attribute as it arrives")
			}
			if _, ok := conversions[r.As]; !ok {
				fail(field+"as", "%q is not a conversion, want one of %s", r.As, keys(conversions))
			}
			for _, k := range r.Kinds {
				if spanKinds[k] == 0 {
					fail(field+"kinds", "%q is not a span kind, want one of %s", k, keys(spanKinds))
				}
			}
			for _, s := range r.Signals {
				if signals[s] == 0 {
					fail(field+"signals", "%q is not a signal, want one of %s", s, keys(signals))
				}
			}
		}
	}
	check("attributes", g.Attributes)
	check("resource", g.Resource)
	for i, p := range g.Patterns {
		if p.Key == "" {
			fail(fmt.Sprintf("patterns::%d::key", i), "is empty: name the attribute the pattern reads")
		}
	}
	for _, b := range g.LogBodies {
		if !slices.Contains(bodyFormats, b) {
			fail("log_bodies", "%q is not a format, want one of %s", b, strings.Join(bodyFormats, ", "))
		}
	}
	return errs
}

func keys[V any](m map[string]V) string {
	names := make([]string, 0, len(m))
	for name := range m {
		if name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// source is where a user's rule comes from.
const source = "configuration"

// profile turns a valid configuration into the engine's type.
func (g *GatewayConfig) profile() gateway.Profile {
	p := gateway.Profile{
		ID: gateway.ID(g.ID), Base: gateway.ID(g.Base), Title: g.ID,
		Spans: gateway.SpanFacts{Names: g.SpanNames, FillClients: g.FillClients, OKIsDefault: g.OKIsUnset},
	}
	for _, e := range g.Detect {
		p.Detect = append(p.Detect, e.evidence())
	}
	for i := range g.Attributes {
		p.Attributes = append(p.Attributes, g.Attributes[i].rule())
	}
	for i := range g.Resource {
		p.Resource = append(p.Resource, g.Resource[i].rule())
	}
	for _, t := range g.Patterns {
		p.Patterns = append(p.Patterns, gateway.Pattern{Key: t.Key, Text: t.Text, Resource: t.Resource, Source: source})
	}
	for _, b := range g.LogBodies {
		p.Logs.Bodies = append(p.Logs.Bodies, gateway.Body(b))
	}
	return p
}

func (e *EvidenceConfig) evidence() gateway.Evidence {
	out := gateway.Evidence{Source: source}
	value := e.Value
	switch {
	case e.Scope != "":
		out.In, value = gateway.InScope, e.Scope
	case e.SpanName != "":
		out.In, value = gateway.InSpanName, e.SpanName
	case e.Resource != "":
		out.In, out.Key = gateway.InResource, e.Resource
	default:
		out.In, out.Key = gateway.InAttributes, e.Attribute
	}
	if prefix, ok := strings.CutSuffix(value, "*"); ok {
		out.Prefix = prefix
	} else {
		out.Equal = value
	}
	return out
}

func (r *RuleConfig) rule() gateway.Rule {
	out := gateway.Rule{
		From: r.From, To: r.To, Op: conversions[r.As], Dash: r.DashIsAbsent, Yield: r.Yield, Values: r.Values, Source: source,
	}
	for _, k := range r.Kinds {
		out.Kinds |= spanKinds[k]
	}
	for _, s := range r.Signals {
		out.Signals |= signals[s]
	}
	return out
}

// extend puts what a user says about a built-in gateway before what is built in.
func extend(p, more gateway.Profile) gateway.Profile {
	p.Detect = append(more.Detect, p.Detect...)
	p.Attributes = append(more.Attributes, p.Attributes...)
	p.Resource = append(more.Resource, p.Resource...)
	p.Patterns = append(more.Patterns, p.Patterns...)
	p.Spans.Names = append(more.Spans.Names, p.Spans.Names...)
	p.Spans.FillClients = append(more.Spans.FillClients, p.Spans.FillClients...)
	p.Spans.OKIsDefault = p.Spans.OKIsDefault || more.Spans.OKIsDefault
	p.Logs.Bodies = append(more.Logs.Bodies, p.Logs.Bodies...)
	return p
}
