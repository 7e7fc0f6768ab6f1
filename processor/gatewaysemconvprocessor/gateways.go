package gatewaysemconvprocessor

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
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

// conversion is an operation a user can name.
type conversion struct {
	op gateway.Op
	// min and max are how many targets it takes.
	min, max int
	// resource: it is possible in resource rules too.
	resource bool
}

// conversions are explained one by one in the README.
var conversions = map[string]conversion{
	"":              {gateway.OpRename, 1, 1, true},
	"rename":        {gateway.OpRename, 1, 1, true},
	"keep":          {gateway.OpKeep, 0, 0, true},
	"drop":          {gateway.OpDrop, 0, 0, true},
	"drop_absent":   {gateway.OpDropAbsent, 0, 0, true},
	"lower":         {gateway.OpLower, 1, 1, false},
	"int":           {gateway.OpInt, 1, 1, false},
	"int_nonzero":   {gateway.OpIntNonzero, 1, 1, false},
	"try":           {gateway.OpTry, 1, 1, false},
	"size":          {gateway.OpSize, 1, 1, false},
	"port":          {gateway.OpPort, 1, 1, false},
	"double":        {gateway.OpDouble, 1, 1, false},
	"string":        {gateway.OpString, 1, 1, true},
	"bool":          {gateway.OpBool, 1, 1, false},
	"strings":       {gateway.OpStrings, 1, 1, true},
	"split":         {gateway.OpSplit, 1, 1, false},
	"map":           {gateway.OpMap, 1, 1, true},
	"s":             {gateway.OpSeconds, 1, 1, false},
	"ms":            {gateway.OpMillis, 1, 1, false},
	"us":            {gateway.OpMicros, 1, 1, false},
	"ns":            {gateway.OpNanos, 1, 1, false},
	"duration":      {gateway.OpDuration, 1, 1, false},
	"method":        {gateway.OpMethod, 1, 2, false},
	"status":        {gateway.OpStatus, 1, 1, false},
	"protocol":      {gateway.OpFlavor, 2, 2, false},
	"url":           {gateway.OpURL, 0, 0, false},
	"target":        {gateway.OpTarget, 0, 0, false},
	"host_port":     {gateway.OpHostPort, 1, 2, false},
	"address":       {gateway.OpAddress, 1, 2, false},
	"forwarded_for": {gateway.OpFirstIP, 1, 1, false},
	"header":        {gateway.OpHeader, 1, 1, false},
	"template":      {gateway.OpTemplate, 1, 1, true},
	"grpc_path":     {gateway.OpGRPCPath, 1, 1, false},
	"grpc_status":   {gateway.OpGRPCCode, 1, 1, false},
	"error":         {gateway.OpError, 0, 0, false},
	"error_text":    {gateway.OpErrorText, 1, 1, false},
	"error_type":    {gateway.OpErrorType, 0, 1, false},
	"trace_id":      {gateway.OpTraceID, 0, 0, false},
	"span_id":       {gateway.OpSpanID, 0, 0, false},
	"traceparent":   {gateway.OpTraceparent, 0, 1, false},
	"time":          {gateway.OpTime, 0, 0, false},
	"time_s":        {gateway.OpTimeSeconds, 0, 0, false},
	"time_ms":       {gateway.OpTimeMillis, 0, 0, false},
	"time_ns":       {gateway.OpTimeNanos, 0, 0, false},
	"pattern":       {gateway.OpPattern, 0, 0, false},
}

// fixedTargets are the targets of conversions that always write the same attributes.
var fixedTargets = map[gateway.Op][]string{
	gateway.OpURL:    {attrs.URLFull},
	gateway.OpTarget: {attrs.URLPath, attrs.URLQuery},
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

// maxRules bounds the rules of one configured gateway.
const maxRules = 1000

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// validate reports every problem of one gateway; at is its place in the list, builtins are the ids of the
// built-in ones, all the ids of every gateway.
func (g *GatewayConfig) validate(at int, builtins, all []string) error {
	p := &problems{prefix: fmt.Sprintf("gateways::%d::", at)}
	isBuiltin := slices.Contains(builtins, g.ID)
	switch {
	case !idPattern.MatchString(g.ID) || g.ID == string(gateway.Unknown):
		p.add("id", "%q is not possible: use lower-case letters, digits, - and _, or the id of a built-in gateway to add to it", g.ID)
	case slices.Index(all, g.ID) != len(builtins)+at && !isBuiltin, slices.Contains(all[len(builtins):len(builtins)+at], g.ID):
		p.add("id", "%q is used twice: put both into one entry", g.ID)
	}
	switch {
	case g.Base == "":
	case isBuiltin:
		p.add("base", "%q is not possible here: %q is built in and has its own base", g.Base, g.ID)
	case !slices.Contains(all, g.Base) || g.Base == g.ID:
		p.add("base", "%q is not a gateway, want one of %s", g.Base, strings.Join(builtins, ", "))
	}
	if len(g.Detect) == 0 && !isBuiltin {
		p.add("detect", "is empty and %q is not built in: say how it is recognized, or use one of %s", g.ID, strings.Join(builtins, ", "))
	}
	for i := range g.Detect {
		g.Detect[i].validate(p, fmt.Sprintf("detect::%d", i))
	}
	if n := len(g.Attributes) + len(g.Resource); n > maxRules {
		p.add("attributes", "%d rules in all, want at most %d: use fewer, or a template", n, maxRules)
	} else {
		validateRules(p, "attributes", g.Attributes, false)
		validateRules(p, "resource", g.Resource, true)
	}
	for i, t := range g.Patterns {
		field := fmt.Sprintf("patterns::%d::", i)
		if t.Key == "" || t.Key == "resource:" || strings.Contains(t.Key, template) {
			p.add(field+"key", "%q is not possible: name the attribute the pattern reads", t.Key)
		}
		if err := gateway.CheckPattern(t.Text); err != nil {
			p.add(field+"text", "%q %s", t.Text, err)
		}
	}
	for list, names := range map[string][]string{"span_names": g.SpanNames, "fill_clients": g.FillClients} {
		for i, n := range names {
			if n == "" || n == "*" || strings.Count(n, "*") > 1 && !strings.Contains(n, "{") {
				p.add(fmt.Sprintf("%s::%d", list, i), "%q is not possible: want a name with at most one '*' beside other text", n)
			}
		}
	}
	for _, b := range g.LogBodies {
		if !slices.Contains(bodyFormats, b) {
			p.add("log_bodies", "%q is not a format, want one of %s", b, strings.Join(bodyFormats, ", "))
		}
	}
	return p.err
}

// problems collects what is wrong with one gateway.
type problems struct {
	prefix string
	err    error
}

func (p *problems) add(field, format string, args ...any) {
	p.err = errors.Join(p.err, fmt.Errorf("%s%s: %s", p.prefix, field, fmt.Sprintf(format, args...)))
}

func (e *EvidenceConfig) validate(p *problems, field string) {
	set := 0
	for _, s := range []string{e.Scope, e.SpanName, e.Resource, e.Attribute} {
		if s != "" {
			set++
		}
	}
	if set != 1 {
		p.add(field, "%d of scope, span_name, resource and attribute are set, want exactly one", set)
	}
	if e.Value != "" && e.Resource == "" && e.Attribute == "" {
		p.add(field+"::value", "%q needs resource or attribute beside it", e.Value)
	}
	for _, s := range []string{e.Scope, e.SpanName, e.Value} {
		if star := strings.IndexByte(s, '*'); star >= 0 && star != len(s)-1 || s == "*" {
			p.add(field, "%q is not possible: a '*' stands at the end, behind other text", s)
		}
	}
}

// template stands for any rest of a key.
const template = "<key>"

func validateRules(p *problems, list string, rules []RuleConfig, resource bool) {
	seen := make(map[string]int)
	for i := range rules {
		r := &rules[i]
		field := fmt.Sprintf("%s::%d::", list, i)
		if r.From == "" || r.From == template || strings.Contains(strings.TrimSuffix(r.From, template), template) {
			p.add(field+"from", "%q is not possible: name the attribute as it arrives; %s may only end it", r.From, template)
		}
		for _, k := range r.Kinds {
			if spanKinds[k] == 0 {
				p.add(field+"kinds", "%q is not a span kind, want one of %s", k, keys(spanKinds))
			}
		}
		for _, s := range r.Signals {
			if signals[s] == 0 {
				p.add(field+"signals", "%q is not a signal, want one of %s", s, keys(signals))
			}
		}
		c, ok := conversions[r.As]
		if !ok {
			p.add(field+"as", "%q is not a conversion, want one of %s", r.As, keys(conversions))
			continue
		}
		if resource && !c.resource {
			p.add(field+"as", "%q is not possible for resource attributes, want one of rename, string, strings, map, template, drop, drop_absent, keep", r.As)
		}
		if resource && len(r.Kinds)+len(r.Signals) > 0 {
			p.add(field+"kinds", "kinds and signals do not apply to resource attributes: remove them")
		}
		if len(r.To) < c.min || len(r.To) > c.max {
			p.add(field+"to", "%d keys, as: %s takes %d to %d", len(r.To), cmp.Or(r.As, "rename"), c.min, c.max)
		}
		templated := strings.HasSuffix(r.From, template)
		for j, to := range r.To {
			at := fmt.Sprintf("%sto::%d", field, j)
			switch {
			case to == "" || to == template:
				p.add(at, "%q is not possible: name the attribute it becomes, or use as: drop", to)
			case (c.op == gateway.OpTemplate || c.op == gateway.OpHeader) && strings.HasSuffix(to, template) != templated,
				c.op != gateway.OpTemplate && c.op != gateway.OpHeader && strings.Contains(to, template):
				p.add(at, "%q and from %q: %s ends both or neither, with as: template or header", to, r.From, template)
			}
		}
		if c.op == gateway.OpTemplate && !templated {
			p.add(field+"from", "%q does not end with %s, as as: template needs", r.From, template)
		}
		if (c.op == gateway.OpMap) != (len(r.Values) > 0) {
			p.add(field+"values", "%d values: as: map needs some, every other conversion none", len(r.Values))
		}
		for from, to := range r.Values {
			if key, _, ok := strings.Cut(to, "="); ok && (key == "" || strings.Contains(key, template)) {
				p.add(field+"values", "%q for %q: before '=' stands the attribute to write instead", to, from)
			}
		}
		id := fmt.Sprint(r.From, r.Kinds, r.Signals)
		if first, twice := seen[id]; twice && r.From != "" {
			p.add(field+"from", "%q has a rule already, %s::%d: only one can apply", r.From, list, first)
		} else {
			seen[id] = i
		}
	}
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
	op := conversions[r.As].op
	out := gateway.Rule{
		From: r.From, To: r.To, Op: op, Dash: r.DashIsAbsent, Yield: r.Yield, Values: r.Values, Source: source,
	}
	if fixed := fixedTargets[op]; fixed != nil {
		out.To = fixed
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
