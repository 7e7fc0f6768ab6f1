package gatewaytailsamplingprocessor

import (
	"runtime"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

// Config is what users write under gateway_tail_sampling. The empty configuration is the recommended one: errors and
// slow requests kept, health checks dropped, of the rest ten a second.
type Config struct {
	// Unit is what is decided about as a whole: trace (default), everything with the same trace id.
	Unit Unit `mapstructure:"unit"`
	// Linger is how long after the gateway's entry span has arrived the trace is decided. Default 6s: Envoy and
	// agentgateway send what they have every 5 s.
	Linger time.Duration `mapstructure:"linger"`
	// Wait is how long after its first item a trace is decided whose entry span has not arrived. Default 30s.
	Wait time.Duration `mapstructure:"wait"`
	// MaxBytes bounds what undecided items take, with all tables. Default 256 MiB. When it is reached the oldest
	// traces are decided early; if that makes no room, requests are refused with an error that may be retried.
	MaxBytes int `mapstructure:"max_bytes"`
	// Shards is how many parts traces are spread over by their id, each with a lock of its own. Default 0: twice the
	// number of processors the Go runtime uses, but no more than one for each 16 MiB of MaxBytes.
	Shards int `mapstructure:"shards"`
	// DryRun keeps everything, unchanged but for attributes that tell what would have been decided. Default false.
	DryRun bool `mapstructure:"dry_run"`
	// Logs is about log records.
	Logs LogsConfig `mapstructure:"logs"`
	// Rules are asked in order; the first that matches a trace decides. A trace that none matches is dropped.
	Rules []RuleConfig `mapstructure:"rules"`
	// Policies are those of contrib's tail_sampling processor, accepted as they are and with the same meaning. Without
	// rules beside them they decide alone; with rules they decide about the traces that no rule matches. Default: none.
	Policies []PolicyConfig `mapstructure:"policies"`
	// Marks are attributes on everything that is kept: rule (gateway.sampling.rule, the name of the rule) and trigger
	// (gateway.sampling.trigger, why it was decided then). Default: none.
	Marks []Mark `mapstructure:"marks"`
	// Decisions says how many decisions are remembered for items that come late.
	Decisions DecisionsConfig `mapstructure:"decisions"`
	// Retry is about batches that the next consumer refuses for now.
	Retry RetryConfig `mapstructure:"retry"`
	// ShutdownTimeout bounds how long Shutdown tries to hand over what is kept. Default 10s.
	ShutdownTimeout time.Duration `mapstructure:"shutdown_timeout"`

	_ struct{}
}

// Unit is what is decided about as a whole.
type Unit string

// UnitTrace is everything with the same trace id.
const UnitTrace Unit = "trace"

// LogsConfig is about log records.
type LogsConfig struct {
	// WithoutTrace says what becomes of log records without a trace id: keep (default), drop, or ratio, which keeps
	// the share that Ratio says.
	WithoutTrace WithoutTrace `mapstructure:"without_trace"`
	// Ratio is the share that is kept with without_trace: ratio, above 0 and up to 1.
	Ratio float64 `mapstructure:"ratio"`

	_ struct{}
}

// WithoutTrace says what becomes of log records without a trace id.
type WithoutTrace string

// What becomes of log records without a trace id.
const (
	WithoutTraceKeep  WithoutTrace = "keep"
	WithoutTraceDrop  WithoutTrace = "drop"
	WithoutTraceRatio WithoutTrace = "ratio"
)

// Mark is an attribute that tells why something was kept.
type Mark string

// Marks.
const (
	MarkRule    Mark = "rule"
	MarkTrigger Mark = "trigger"
)

// DecisionsConfig says how many decisions are remembered. The memory is taken at start and is not part of max_bytes.
type DecisionsConfig struct {
	// Dropped is for traces that were dropped, 8 bytes each. Default 1000000.
	Dropped int `mapstructure:"dropped"`
	// Kept is for traces that were kept, 16 bytes each. Default 200000.
	Kept int `mapstructure:"kept"`

	_ struct{}
}

// RetryConfig is about batches that the next consumer refuses for now. They are sent again until it takes them.
type RetryConfig struct {
	// InitialInterval is the pause after the first refusal; each further one is half as long again. Default 1s.
	InitialInterval time.Duration `mapstructure:"initial_interval"`
	// MaxInterval bounds the pause. Default 30s.
	MaxInterval time.Duration `mapstructure:"max_interval"`

	_ struct{}
}

// RuleConfig decides about the traces it matches.
type RuleConfig struct {
	// Name tells the rule in marks and metrics. Names are unique.
	Name string `mapstructure:"name"`
	// Match says which traces: those that meet every condition in it. Default: every trace.
	Match MatchConfig `mapstructure:"match"`
	// Action: keep, drop, ratio, rate or adaptive.
	Action Action `mapstructure:"action"`
	// Ratio is the share of traces to keep, above 0 and up to 1. For action ratio.
	Ratio float64 `mapstructure:"ratio"`
	// PerSecond is how many traces to keep a second: of each key with action rate, of all keys together with
	// action adaptive.
	PerSecond float64 `mapstructure:"per_second"`
	// Key makes a key of what the request was: route, gateway, upstream and others, see the README. Default: none,
	// all traces are of one key. For actions ratio, rate and adaptive.
	Key []KeyPart `mapstructure:"key"`
	// Floor is how many traces a second of each key are kept whatever the rest says. Default 0. For actions ratio
	// and adaptive.
	Floor float64 `mapstructure:"floor"`

	_ struct{}
}

// Action is what a rule does.
type Action string

// Actions.
const (
	ActionKeep     Action = "keep"
	ActionDrop     Action = "drop"
	ActionRatio    Action = "ratio"
	ActionRate     Action = "rate"
	ActionAdaptive Action = "adaptive"
)

// KeyPart is a property of a request that rules can tell requests apart by.
type KeyPart string

// MatchConfig holds conditions that must all be met. A condition with several values is met by any of them. Texts are
// compared whole, or up to a '*' at their end.
//
// The first group asks the request as the gateway saw it: its entry span, without one its access log record, without
// that another span. The second group is met when any item of the trace meets it.
type MatchConfig struct {
	// StatusClass of the answer: 1xx, 2xx, 3xx, 4xx, 5xx, or none when there was no answer.
	StatusClass []string `mapstructure:"status_class"`
	// StatusCode of the answer.
	StatusCode []int `mapstructure:"status_code"`
	// Duration of the request.
	Duration RangeConfig `mapstructure:"duration"`
	// Method is http.request.method.
	Method []string `mapstructure:"method"`
	// Path is url.path.
	Path []string `mapstructure:"path"`
	// Host is server.address.
	Host []string `mapstructure:"host"`
	// UserAgent is user_agent.original.
	UserAgent []string `mapstructure:"user_agent"`
	// Route is http.route, without it the name of the route object or the route in the gateway's own spelling.
	Route []string `mapstructure:"route"`
	// Gateway is gateway.name, without it the resource's service.name.
	Gateway []string `mapstructure:"gateway"`
	// GatewayNamespace is gateway.namespace, without it the resource's service.namespace.
	GatewayNamespace []string `mapstructure:"gateway_namespace"`
	// Listener is gateway.listener.name.
	Listener []string `mapstructure:"listener"`

	// Error: true is met by a trace in which something failed: a span with status Error, unless it is a client span
	// that was answered with 4xx, a status code of 500 or more, or a log record with severity Error or error.type.
	// false is met by every other trace.
	Error *bool `mapstructure:"error"`
	// Upstream is gateway.upstream.service.name, without it the Backend's name or the host of the Service.
	Upstream []string `mapstructure:"upstream"`
	// ResponseFlags are Envoy's, one of which must be there: UF, UH, NR, ...
	ResponseFlags []string `mapstructure:"response_flags"`
	// GRPCStatus is rpc.status_code: UNAVAILABLE, DEADLINE_EXCEEDED, ...
	GRPCStatus []string `mapstructure:"grpc_status"`
	// Model is gen_ai.request.model or gen_ai.response.model.
	Model []string `mapstructure:"model"`
	// Tokens are gen_ai.usage.input_tokens and gen_ai.usage.output_tokens together.
	Tokens TokensConfig `mapstructure:"tokens"`
	// Spans are OTTL conditions on spans; one that holds for one span suffices.
	Spans []string `mapstructure:"spans"`
	// LogRecords are OTTL conditions on log records; one that holds for one record suffices.
	LogRecords []string `mapstructure:"log_records"`

	_ struct{}
}

// RangeConfig is met from Min on and below Max.
type RangeConfig struct {
	// Min is the shortest. Default 0s.
	Min time.Duration `mapstructure:"min"`
	// Max is where it ends. Default 0s: it does not.
	Max time.Duration `mapstructure:"max"`

	_ struct{}
}

// TokensConfig is met from Min on and below Max.
type TokensConfig struct {
	// Min is the fewest. Default 0.
	Min int64 `mapstructure:"min"`
	// Max is where it ends. Default 0: it does not.
	Max int64 `mapstructure:"max"`

	_ struct{}
}

const (
	defaultMaxBytes = 256 << 20
	defaultSlow     = 2 * time.Second
	// defaultPerSecond over all routes and defaultFloor for each: a backend sees a page of everything, and a few a
	// minute of the route that is called once an hour.
	defaultPerSecond = 10
	defaultFloor     = 0.1
)

func createDefaultConfig() component.Config {
	return &Config{
		Unit:            UnitTrace,
		Linger:          6 * time.Second,
		Wait:            30 * time.Second,
		MaxBytes:        defaultMaxBytes,
		Logs:            LogsConfig{WithoutTrace: WithoutTraceKeep},
		Rules:           defaultRules(),
		Decisions:       DecisionsConfig{Dropped: 1_000_000, Kept: 200_000},
		Retry:           RetryConfig{InitialInterval: time.Second, MaxInterval: 30 * time.Second},
		ShutdownTimeout: 10 * time.Second,
	}
}

func defaultRules() []RuleConfig {
	yes := true
	return []RuleConfig{
		{Name: "errors", Match: MatchConfig{Error: &yes}, Action: ActionKeep},
		{Name: "slow", Match: MatchConfig{Duration: RangeConfig{Min: defaultSlow}}, Action: ActionKeep},
		{Name: "health-check-paths", Match: MatchConfig{Path: []string{
			"/healthz", "/health", "/livez", "/live", "/readyz", "/ready", "/ping",
		}}, Action: ActionDrop},
		{Name: "health-check-agents", Match: MatchConfig{UserAgent: []string{
			"kube-probe/*", "GoogleHC/*", "ELB-HealthChecker/*", "Envoy/HC",
		}}, Action: ActionDrop},
		{Name: "rest", Action: ActionAdaptive, PerSecond: defaultPerSecond, Key: []KeyPart{"route"}, Floor: defaultFloor},
	}
}

// Unmarshal reads the configuration. The default rules are for those who name neither rules nor policies.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if conf.IsSet("policies") && !conf.IsSet("rules") {
		c.Rules = nil
	}
	return conf.Unmarshal(c)
}

// shards is the number of shards that are used.
func (c *Config) shards() int {
	if c.Shards > 0 {
		return c.Shards
	}
	return min(2*runtime.GOMAXPROCS(0), maxShards, max(1, c.MaxBytes/roomyShardBytes))
}
