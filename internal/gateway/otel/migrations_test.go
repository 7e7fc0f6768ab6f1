package otel

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// The counts were compared, in both directions, with a machine-readable table of 407 mappings made from the schema
// file, the deprecation notes, the migration guides and the vendors' documents named in README.md.
const (
	wantRows       = 407
	wantDone       = 356
	wantOmitted    = 6
	wantEnvoy      = 23
	wantAgw        = 17
	wantKong       = 1
	wantMetricOnly = 4
)

// beyond are the rules that stand for no mapping of their own: they make exceptions to a template or follow a
// chain to its end.
var beyond = []string{
	"traceloop.entity.input", "traceloop.entity.output", // text that only content: drop concerns
	"gen_ai.prompt.name",
	"gen_ai.prompt.version",
	"gen_ai.prompt.variable.<key>",
	"gen_ai.usage.cache_creation_input_tokens (genai_next)",
	"llm.token_count.prompt_details.cache_write (genai_next)",
	"llm.top_k (genai_next)",
	"rpc.connect_rpc.response.metadata.grpc-message",
	"rpc.connect_rpc.response.metadata.grpc-status",
	"rpc.connect_rpc.response.metadata.grpc-status-details-bin",
	"rpc.grpc.response.metadata.grpc-message",
	"rpc.grpc.response.metadata.grpc-status",
	"rpc.grpc.response.metadata.grpc-status-details-bin",
	"rpc.response.metadata.grpc-message",
	"rpc.response.metadata.grpc-status",
	"rpc.response.metadata.grpc-status-details-bin",
}

// lists are the three places a rule can be in.
func lists() map[string][]gateway.Rule {
	return map[string][]gateway.Rule{
		"attributes": Profile.Attributes,
		"resource":   Profile.Resource,
		"events":     Profile.Events,
	}
}

// each runs check on every rule.
func each(t *testing.T, check func(t *testing.T, r gateway.Rule)) {
	t.Helper()
	for place, rules := range lists() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			for _, r := range rules {
				check(t, r)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	// A mapping is told by what it makes of which key; the same one may stand in two places.
	mappings := map[string]bool{}
	for _, rules := range lists() {
		for _, r := range rules {
			name := r.From
			if r.Option != "" {
				name += " (" + r.Option + ")"
			}
			if !slices.Contains(beyond, name) {
				mappings[name+" "+strings.Join(r.To, ",")] = true
			}
		}
	}
	// One rule with OpURL stands for two mappings of http.url, by span kind.
	done := len(mappings) + 1
	assert.Equal(t, wantDone, done)
	assert.Len(t, Omitted, wantOmitted)
	assert.Len(t, InGateways["envoy"], wantEnvoy)
	assert.Len(t, InGateways["agentgateway"], wantAgw)
	assert.Len(t, InGateways["kong"], wantKong)
	assert.Len(t, MetricOnly, wantMetricOnly)

	total := done + len(Omitted) + len(MetricOnly)
	for _, keys := range InGateways {
		total += len(keys)
	}
	assert.Equal(t, wantRows, total)
	assert.Len(t, beyond, len(Profile.Attributes)+len(Profile.Resource)+len(Profile.Events)-
		len(Everywhere)-len(eventOrLog(gateway.OnLogs))-len(mappings), "rules that no mapping accounts for")
}

func TestOneRulePerKeyKindAndSignal(t *testing.T) {
	t.Parallel()
	type at struct {
		from   string
		kind   gateway.Kinds
		signal gateway.Signal
	}
	for place, rules := range lists() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			plain, optional := map[at]bool{}, map[at]bool{}
			for _, r := range rules {
				for _, kind := range kindsOf(r) {
					for _, signal := range signalsOf(r) {
						a := at{r.From, kind, signal}
						if r.Option != "" {
							assert.False(t, optional[a], "%s: two optional rules for kind %b, signal %b", r.From, kind, signal)
							assert.False(t, plain[a], "%s: a plain rule stands before the optional one and hides it", r.From)
							optional[a] = true
							continue
						}
						assert.False(t, plain[a], "%s: two rules for kind %b, signal %b", r.From, kind, signal)
						plain[a] = true
					}
				}
			}
		})
	}
}

// kindsOf returns the single kinds a rule applies to.
func kindsOf(r gateway.Rule) []gateway.Kinds {
	var out []gateway.Kinds
	for k := gateway.KindUnspecified; k <= gateway.KindConsumer; k <<= 1 {
		if r.Kinds == 0 || r.Kinds&k != 0 {
			out = append(out, k)
		}
	}
	return out
}

// signalsOf returns the single signals a rule applies to.
func signalsOf(r gateway.Rule) []gateway.Signal {
	var out []gateway.Signal
	for _, s := range []gateway.Signal{gateway.OnSpans, gateway.OnLogs} {
		if r.Signals == 0 || r.Signals&s != 0 {
			out = append(out, s)
		}
	}
	return out
}

func TestEveryRuleSaysWhereItIsFrom(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r gateway.Rule) {
		t.Helper()
		assert.True(t, r.Source != "" || (r.Official && r.Since != ""), "%s: want a source, or official and since", r.From)
		if r.Since != "" && r.Since != unreleased {
			assert.Regexp(t, `^1\.\d{1,2}\.0$`, r.Since, "%s: since", r.From)
		}
		assert.Equal(t, r.Since == unreleased, r.Official && r.Option == OptionGenAINext,
			"%s: an official name without a release must be behind genai_next", r.From)
	})
}

// arity is how many targets each operation used here takes.
var arity = map[gateway.Op]int{
	gateway.OpRename:          1,
	gateway.OpKeep:            0,
	gateway.OpDrop:            0,
	gateway.OpDropIfSum:       0,
	gateway.OpLower:           1,
	gateway.OpInt:             1,
	gateway.OpIntNonzero:      1,
	gateway.OpIntNotOne:       1,
	gateway.OpSize:            1,
	gateway.OpPort:            1,
	gateway.OpDouble:          1,
	gateway.OpString:          1,
	gateway.OpBool:            1,
	gateway.OpBoolTrue:        1,
	gateway.OpStrings:         1,
	gateway.OpSplit:           1,
	gateway.OpMap:             1,
	gateway.OpMethod:          2,
	gateway.OpStatus:          1,
	gateway.OpFlavor:          2,
	gateway.OpURL:             1,
	gateway.OpTarget:          2,
	gateway.OpHostPort:        2,
	gateway.OpFirstIP:         1,
	gateway.OpAddress:         2,
	gateway.OpIPv4:            1,
	gateway.OpHeader:          1,
	gateway.OpTemplate:        1,
	gateway.OpTemplateStrings: 1,
	gateway.OpRPCService:      1,
	gateway.OpRPCMethod:       1,
	gateway.OpGRPCCode:        1,
	gateway.OpGRPCOther:       1,
	gateway.OpGRPCTarget:      2,
	gateway.OpError:           0,
	gateway.OpStatusMessage:   0,
	gateway.OpStatusCode:      0,
	gateway.OpSpanKind:        0,
	gateway.OpScopeName:       0,
	gateway.OpScopeVersion:    0,
	gateway.OpEventName:       0,
	gateway.OpEventDomain:     0,
	gateway.OpDBName:          1,
	gateway.OpDBInstance:      1,
	gateway.OpDBInstanceID:    1,
	gateway.OpConnString:      2,
	gateway.OpCodeNamespace:   1,
	gateway.OpCodeFunction:    1,
	gateway.OpContent:         1,
	gateway.OpParams:          0,
	gateway.OpUsage:           2,
	gateway.OpTraceloopEntity: 2,
	gateway.OpTimeToFirst:     1,
}

func TestTargetsFitTheOperation(t *testing.T) {
	t.Parallel()
	templates := []gateway.Op{gateway.OpTemplate, gateway.OpTemplateStrings, gateway.OpHeader, gateway.OpContent, gateway.OpKeep}
	each(t, func(t *testing.T, r gateway.Rule) {
		t.Helper()
		want, known := arity[r.Op]
		if r.Op == gateway.OpContent && len(r.To) == 0 {
			want = 0 // text that is only ever kept or dropped
		}
		require.True(t, known, "%s: operation %d is not in the table above", r.From, r.Op)
		assert.Len(t, r.To, want, "%s: targets of operation %d", r.From, r.Op)
		assert.NotContains(t, r.To, "", "%s: empty target", r.From)
		assert.Equal(t, r.Op == gateway.OpMap, r.Values != nil, "%s: values belong to OpMap", r.From)

		if prefix, template := strings.CutSuffix(r.From, rest); template {
			assert.True(t, strings.HasSuffix(prefix, "."), "%s: a template ends at a dot", r.From)
			assert.Contains(t, templates, r.Op, "%s: operation on a template", r.From)
		}
		for _, to := range r.To {
			if strings.HasSuffix(to, rest) {
				assert.True(t, strings.HasSuffix(r.From, rest), "%s: only a template can fill %s", r.From, to)
			}
		}
	})
}

func TestValues(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r gateway.Rule) {
		t.Helper()
		for from, to := range r.Values {
			assert.Equal(t, strings.ToLower(from), from, "%s: values are looked up in lower case", r.From)
			if key, value, other := strings.Cut(to, "="); other {
				assert.NotEmpty(t, key, "%s: %q", r.From, to)
				assert.NotEmpty(t, value, "%s: %q", r.From, to)
				continue
			}
			if again, listed := r.Values[strings.ToLower(to)]; listed {
				assert.Equal(t, to, again, "%s: %q becomes %q, which a second pass would change", r.From, from, to)
			}
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, rules := range lists() {
		for _, r := range rules {
			if r.Option != "" {
				assert.Contains(t, Options, r.Option, r.From)
				used[r.Option] = true
			}
		}
	}
	for name, meaning := range Options {
		assert.True(t, used[name], "option %s: no rule asks for it", name)
		assert.NotEmpty(t, meaning, name)
	}
	for _, r := range GenAINext {
		assert.Equal(t, OptionGenAINext, r.Option, r.From)
	}
}

func TestOmissions(t *testing.T) {
	t.Parallel()
	ruled := map[string]bool{}
	for _, rules := range lists() {
		for _, r := range rules {
			ruled[r.From] = true
		}
	}
	seen := map[string]bool{}
	once := func(key string) {
		assert.False(t, seen[key], "%s is listed twice", key)
		assert.False(t, ruled[key], "%s is listed as left out and has a rule", key)
		seen[key] = true
	}
	for _, o := range Omitted {
		once(o.From)
		assert.NotEmpty(t, o.Group, o.From)
		assert.True(t, strings.HasSuffix(o.Reason, "."), "%s: the reason is a sentence", o.From)
	}
	for id, keys := range InGateways {
		assert.True(t, slices.IsSorted(keys), "%s: keys are sorted", id)
		for _, key := range keys {
			once(key)
		}
	}
	for _, key := range MetricOnly {
		once(key)
	}
	for _, o := range Partial {
		assert.True(t, ruled[o.From], "%s: partly done, yet there is no rule", o.From)
		assert.True(t, strings.HasSuffix(o.Reason, "."), "%s: the reason is a sentence", o.From)
	}
}

func TestProfile(t *testing.T) {
	t.Parallel()
	assert.Equal(t, gateway.ID("otel"), Profile.ID)
	assert.Empty(t, Profile.Detect, "the base of everything is not detected")
	assert.Empty(t, Profile.Base)
}

// Resources and span events are rewritten value by value: nothing there is split, joined or moved to a field.
func TestPlainOperationsOutsideItems(t *testing.T) {
	t.Parallel()
	plain := []gateway.Op{
		gateway.OpRename, gateway.OpKeep, gateway.OpDrop, gateway.OpString, gateway.OpStrings, gateway.OpMap, gateway.OpTemplate,
	}
	for _, r := range slices.Concat(Profile.Resource, Profile.Events) {
		assert.Contains(t, plain, r.Op, r.From)
		assert.Zero(t, r.Kinds, "%s: a resource has no span kind", r.From)
		assert.Empty(t, r.With, "%s: neighbors are not looked at", r.From)
		for _, v := range r.Values {
			assert.NotContains(t, v, "=", "%s: another key", r.From)
			assert.NotEmpty(t, v, "%s: values are not removed", r.From)
		}
	}
	for _, r := range Profile.Events {
		assert.NotContains(t, r.From, rest, "%s: templates are not looked up on span events", r.From)
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for _, r := range Profile.Attributes {
		if r.With == "" {
			continue
		}
		assert.NotEqual(t, r.From, r.With, "a rule cannot wait for its own key")
		evidence := lookup(Profile.Attributes, r.With, gateway.KindServer, gateway.OnSpans, true)
		require.NotNil(t, evidence, "%s: nothing is known about %s", r.From, r.With)
		assert.True(t, evidence.Keep, "%s waits for %s, which must still be there in a second pass", r.From, r.With)
	}
}
