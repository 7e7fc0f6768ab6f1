package gateway

// ID names a profile, for example "kgateway". It is the value of the gateway attribute of our own metrics.
type ID string

// Unknown is the gateway of telemetry that no profile recognizes. It gets the official migrations only.
const Unknown ID = "unknown"

// Profile is what one gateway emits. It holds data, never behavior: a gateway that a user describes in YAML
// compiles from the same type.
type Profile struct {
	// ID is unique among profiles.
	ID ID
	// Base is the profile this one extends: its rules apply after ours. Empty: only the conventions and the
	// official migrations apply after ours.
	Base ID
	// Title is the gateway's name for people.
	Title string
	// Versions says which versions of the gateway the facts were taken from.
	Versions string
	// Detect lists the evidence, strongest first. One match suffices.
	Detect []Evidence
	// Attributes are the rules for span and log record attributes.
	Attributes []Rule
	// Resource are the rules for resource attributes.
	Resource []Rule
	// Events are the rules for span event attributes.
	Events []Rule
	// Patterns take identity out of opaque strings such as cluster names.
	Patterns []Pattern
	// Spans says how this gateway's span names, status and missing responses are to be read.
	Spans SpanFacts
	// Logs says how this gateway's log records are to be read.
	Logs LogFacts
}

// Place is where a piece of evidence is looked for.
type Place uint8

// Places of evidence.
const (
	InScope      Place = iota + 1 // the instrumentation scope's name
	InResource                    // a resource attribute
	InAttributes                  // an attribute of one of the first items of the scope
	InSpanName                    // the name of one of the first spans of the scope
)

// Evidence is one sign by which a gateway is recognized.
type Evidence struct {
	In Place
	// Key is the attribute's key; unused for InScope and InSpanName.
	Key string
	// Equal, Prefix: what the value must be. Both empty: the key's presence is enough.
	Equal, Prefix string
	// And is further evidence that must hold as well.
	And *Evidence
	// Source is where the fact is from: gateway version and file.
	Source string
}

// Signal is a set of places a rule applies to.
type Signal uint8

// Signals. The zero value of [Rule.Signals] means OnSpans|OnLogs.
const (
	OnSpans Signal = 1 << iota
	OnLogs
)

// Kinds is a set of span kinds. The zero value of [Rule.Kinds] means every kind. Log records of a gateway's
// access log count as KindServer (they tell of a request the gateway served), all others as
// KindUnspecified.
type Kinds uint8

// Span kinds, in the order of ptrace.SpanKind.
const (
	KindUnspecified Kinds = 1 << iota
	KindInternal
	KindServer
	KindClient
	KindProducer
	KindConsumer
)

// Rule says what becomes of one attribute.
//
// When a target is already there under its current name, that one stays, the old attribute goes, and a
// difference between the two is counted as a conflict.
type Rule struct {
	// From is the key as it arrives. A trailing "<key>" stands for any rest: "http.request.header.<key>".
	From string
	// To lists the keys it becomes. What each position means is told by Op.
	To []string
	// Op is the transformation.
	Op Op
	// Kinds restricts the rule to span kinds.
	Kinds Kinds
	// Signals restricts the rule to spans or logs.
	Signals Signal
	// Yield: any other source of the same target wins, silently.
	Yield bool
	// Keep: the old attribute stays beside its successor in every mode.
	Keep bool
	// Dash: "-", "" and a variable nobody expanded, "$(NAME)", mean absent: the attribute is removed.
	Dash bool
	// Values replaces values, by lower-case look-up; an unlisted value passes through. The empty string as a
	// replacement removes the attribute. For OpMap.
	Values map[string]string
	// With names another attribute that the item must carry for the rule to apply.
	With string
	// Option names the switch a user must set for this rule: see Options. Empty: always on.
	Option string
	// Official marks a mapping defined by OpenTelemetry, as opposed to our reading of a gateway's own key.
	Official bool
	// Since is the convention's or gateway's version that introduced the target, where known.
	Since string
	// Source is where the fact is from.
	Source string
}

// Pattern takes named parts out of a string. The text is literal but for fields in braces:
//
//	kube_{gateway.upstream.service.namespace}_{gateway.upstream.service.name}_{gateway.upstream.service.port}
//
// A field ends at the first occurrence of the literal behind it, or at the last one when it is written
// {name...}; {} skips. No field matches the empty string, except one written {name?}. Keys that end in
// ".port" become ints and must be numbers. The first pattern that matches the whole string wins.
type Pattern struct {
	// Key is the attribute the pattern reads; "resource:key" is a resource attribute.
	Key string
	// Text is the pattern.
	Text string
	// Resource: the parts are written to the resource, where they are missing and all items agree.
	Resource bool
	// Kinds restricts the pattern to span kinds.
	Kinds Kinds
	// Source is where the fact is from.
	Source string
}

// SpanFacts is how a gateway's spans are to be read.
type SpanFacts struct {
	// Names are the span names the gateway gives by itself, constant or made of opaque parts, with one '*'
	// at most, "ingress", "router * egress", or as a Pattern with fields. They are replaced by the convention's name; all others were
	// chosen by an operator and stay.
	Names []string
	// RawPathNames: the gateway's span names may be the request's raw path, or method and raw path. They are
	// replaced. RawPathBefore limits that to service.version below it (empty: all versions).
	RawPathNames  bool
	RawPathBefore string
	// HostNames: a server span may be named after the request's Host header, which any client can choose. Such a
	// name is replaced.
	HostNames bool
	// GenAINames: spans with one of these names are model calls, "{operation} {model}".
	GenAINames []string
	// OKIsDefault: the gateway writes status OK on whatever did not fail by its own lights. It is read as
	// unset.
	OKIsDefault bool
	// NoStatusNoResponse: a server span with a method and without a status code had no response: the client
	// hung up.
	NoStatusNoResponse bool
	// CanceledIsUnset: the gateway leaves the status of an attempt it gave up itself unset. An error there was made
	// from an error tag on the way, by a protocol without a status, and is taken back.
	CanceledIsUnset bool
	// FillClients: names of client spans that carry no method, with one '*' at most; what their parent in the
	// same batch proves is filled in.
	FillClients []string
	// RequestedModelInParams: the model name attribute holds the model that answered; the requested one is
	// in the invocation parameters.
	RequestedModelInParams bool
}

// LogFacts is how a gateway's log records are to be read.
type LogFacts struct {
	// Bodies are the text formats this gateway writes as log bodies.
	Bodies []Body
	// Flatten: nested objects of a JSON line become dotted keys, and rules name them so.
	Flatten bool
	// SeverityFixed: the severity number is a constant that says nothing; it is derived from the status.
	SeverityFixed bool
	// TimeObserved: the event time is left empty; it is the observed time.
	TimeObserved bool
}

// Body is one text format of an access log line.
type Body string

// Body formats. The parsers are in internal/logline.
const (
	BodyEnvoyText        Body = "envoy_text"
	BodyIstioText        Body = "istio_text"
	BodyJSON             Body = "json"
	BodyAgentgatewayText Body = "agentgateway_text"
	BodyNginx            Body = "nginx_combined"
	BodyIngressNginx     Body = "ingress_nginx"
	BodyTraefik          Body = "traefik_common"
)
