package gatewaytailsamplingprocessor

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/gatehouse-otel/gatehouse/processor/gatewaytailsamplingprocessor/internal/metadata"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	sub, err := conf.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	if err := sub.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	t.Run("empty is the default", func(t *testing.T) {
		t.Parallel()
		cfg, err := load(t, "empty")
		require.NoError(t, err)
		assert.Equal(t, createDefaultConfig(), cfg)
	})
	t.Run("every option", func(t *testing.T) {
		t.Parallel()
		cfg, err := load(t, "everything")
		require.NoError(t, err)
		no := false
		assert.Equal(t, &Config{
			Unit: UnitTrace, Linger: 8 * time.Second, Wait: 40 * time.Second, MaxBytes: 128 << 20, Shards: 4, DryRun: true,
			Logs:            LogsConfig{WithoutTrace: WithoutTraceRatio, Ratio: 0.1},
			Marks:           []Mark{MarkRule, MarkTrigger},
			Decisions:       DecisionsConfig{Dropped: 2000, Kept: 1000},
			Retry:           RetryConfig{InitialInterval: 2 * time.Second, MaxInterval: time.Minute},
			ShutdownTimeout: 5 * time.Second,
			Rules: []RuleConfig{
				{Name: "all conditions", Action: ActionKeep, Match: MatchConfig{
					StatusClass: []string{"5xx", "none"}, StatusCode: []int{429},
					Duration: RangeConfig{Min: time.Second, Max: time.Minute}, Method: []string{"GET"},
					Path: []string{"/shop/*"}, Host: []string{"shop.example.com"}, UserAgent: []string{"curl/*"},
					Route: []string{"/shop/{id}"}, Gateway: []string{"http"}, GatewayNamespace: []string{"infra"},
					Listener: []string{"https"}, Error: &no, Upstream: []string{"cart"},
					ResponseFlags: []string{"UF", "UH"}, GRPCStatus: []string{"UNAVAILABLE"}, Model: []string{"gpt-*"},
					Tokens: TokensConfig{Min: 1000, Max: 5000}, Spans: []string{`attributes["tenant"] == "gold"`},
					LogRecords: []string{"severity_number >= SEVERITY_NUMBER_ERROR"},
				}},
				{Name: "probes", Match: MatchConfig{Path: []string{"/healthz"}}, Action: ActionDrop},
				{
					Name: "some of them", Match: MatchConfig{Method: []string{"GET"}}, Action: ActionRatio, Ratio: 0.05,
					Key: []KeyPart{"route"}, Floor: 0.5,
				},
				{
					Name: "not too many", Match: MatchConfig{Method: []string{"POST"}}, Action: ActionRate, PerSecond: 5,
					Key: []KeyPart{"gateway", "route"},
				},
				{
					Name: "rest", Action: ActionAdaptive, PerSecond: 20,
					Key: []KeyPart{"gateway", "route", "status_class"}, Floor: 1,
				},
			},
		}, cfg)
	})
	t.Run("unknown keys are refused", func(t *testing.T) {
		t.Parallel()
		_, err := load(t, "unknown_key")
		require.ErrorContains(t, err, "lingers")
	})
	t.Run("without rules", func(t *testing.T) {
		t.Parallel()
		_, err := load(t, "no_rules")
		require.ErrorContains(t, err, "rules: the list is empty, so every trace would be dropped")
	})
}

// TestConfigErrors: every problem at once, each naming the field, the value and the way out.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for name, wants := range map[string][]string{
		"wrong": {
			`unit: "request" is not possible, want one of trace`,
			`linger: 40s is longer than wait, 30s`,
			`max_bytes: 1000 is too small for 1 shards, want at least 1048576`,
			`logs::without_trace: "sometimes" is not possible, want one of keep, drop, ratio`,
			`logs::ratio: 0.5 does nothing with without_trace: sometimes`,
			`marks::0: "why" is not possible, want one of rule, trigger`,
			`decisions::dropped: 0 is not possible, want 1 to 1000000000`,
			`decisions::kept: -1 is not possible, want 1 to 1000000000`,
			`retry::initial_interval: 0s is too short, want 1ms or more`,
			`retry::max_interval: -1s is too short, want 0s or more`,
			`shutdown_timeout: -1s is too short, want 0s or more`,
			`rules::0::name: "" is not possible: give the rule a name of its own`,
			`rules::0::action: "sample" is not possible, want one of keep, drop, ratio, rate, adaptive`,
			`rules::0::match: is empty, so rule "" decides about every trace and what is behind it never does`,
			`rules::1::ratio: 1.5 is not possible, want above 0 and up to 1`,
			`rules::1::per_second: does nothing with action: ratio: remove it, or use action: rate or adaptive`,
			`rules::2::name: "twice" is the name of rules::1 already: give each its own`,
			`rules::2::match::path::0: "" matches nothing`,
			`rules::2::match::route::0: "/a*b": a '*' stands for the rest of the text and can only be at the end`,
			`rules::2::match::status_class::0: "6xx" is not possible, want one of 1xx, 2xx, 3xx, 4xx, 5xx, none`,
			`rules::2::match::status_code::0: 42 is not an HTTP status code, want 100 to 599`,
			`rules::2::key: does nothing with action: keep: remove it, or use action: ratio, rate or adaptive`,
			`rules::3::match::duration: from 2s to 1s is no range`,
			`rules::3::match::tokens: from -1 to 0 is no range`,
			`rules::3::per_second: -1 traces a second is not possible, want above 0`,
			`rules::3::floor: does nothing with action: rate`,
			`rules::4::per_second: 0 traces a second is not possible`,
			`rules::4::key: is empty, so there is nothing to share per_second between: name one of route, gateway,`,
			`rules::5::key::1: "colour" is not possible, want one of route, gateway, gateway_namespace,`,
			`rules::5::key::2: "route" is in the key already: name it once`,
		},
		"not_numbers": {
			`decisions::dropped: 9223372036854775807 is not possible, want 1 to 1000000000`,
			`decisions::kept: 1000000001 is not possible`,
			`logs::ratio: NaN is not possible, want above 0 and up to 1`,
			`rules::0::ratio: NaN is not possible`,
			`rules::1::per_second: +Inf traces a second is not possible`,
			`rules::2::ratio: 0 is not possible`,
			`rules::2::floor: -Inf traces a second is not possible`,
		},
		"policies": {
			`policies::0::probabilistic::sampling_percentage: NaN is not possible, want 0 to 100`,
			`policies::1::probabilistic::sampling_percentage: 101 is not possible, want 0 to 100`,
			`policies::2::span_count: from 5 to 2 is no range`,
			`policies::3::latency: from 500 to 100 is no range`,
			`policies::4::numeric_attribute: from 5 to 2 is no range`,
			`policies::5::status_code::status_codes::0: "BAD" is not possible, want one of OK, ERROR, UNSET`,
			`policies::5::status_code::status_codes::1: "WORSE" is not possible`,
			`policies::6::string_attribute::values::0: "(" is no regular expression`,
			`policies::6::string_attribute::values::1: ")" is no regular expression`,
			`policies::6: key is empty`,
			`policies::7: key is empty`,
			`policies::8::and::and_sub_policy: is empty, which every trace meets: name at least one policy`,
			`policies::9::drop::drop_sub_policy: is empty`,
			`policies::10::not::not_sub_policy::type: "" is not possible, want one of always_sample, latency,`,
			`policies::11::name: "a" is the name of policies::0 already: give each its own`,
			`policies::12::composite::composite_sub_policy::1::name: "x" is the name of composite_sub_policy::0 already`,
			`policies::12::composite::composite_sub_policy::1::type: "sometimes" is not possible, want one of always_sample,`,
			`policies::12::composite::rate_allocation::0::policy: "y" is not possible, want one of x, x`,
			`policies::12::composite::rate_allocation::1::percent: 150 is not possible, want 0 to 100`,
		},
		"wrong_together": {
			`rules::0::match::spans::0: "attributes[\"a\"] = 1" cannot be read`,
			`rules::0::match::log_records::0: "severity > 3" cannot be read`,
			`rules: the keys of all rules have 5 different parts, [route gateway model host method], want at most 4`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, name)
			require.Error(t, err)
			for _, want := range wants {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

// TestTooManyConditions: a summary has a bit for each.
func TestTooManyConditions(t *testing.T) {
	t.Parallel()
	cfg := createDefaultConfig().(*Config)
	cfg.Rules = nil
	for i := range maxConditions + 1 {
		cfg.Rules = append(cfg.Rules, RuleConfig{
			Name: traceID(i).String(), Match: MatchConfig{StatusCode: []int{200 + i}}, Action: ActionKeep,
		})
	}
	require.ErrorContains(t, cfg.Validate(), "rules and policies: 65 different conditions, want at most 64")
	cfg.Rules = cfg.Rules[:maxConditions]
	assert.NoError(t, cfg.Validate())
}

// TestHugeConfig: what is larger than anybody needs is an error or works, and never crashes.
func TestHugeConfig(t *testing.T) {
	t.Parallel()
	cfg := createDefaultConfig().(*Config)
	cfg.Rules = make([]RuleConfig, 10_000)
	for i := range cfg.Rules {
		cfg.Rules[i] = RuleConfig{Name: traceID(i).String(), Match: MatchConfig{Path: []string{traceID(i).String()}}, Action: ActionKeep}
	}
	require.ErrorContains(t, cfg.Validate(), "rules: 10000 of them and policies, want at most 200")
	bubble(t, func(c *Config) { keepAll(c); c.Wait, c.Linger = 1<<63-1, 1<<63-1; c.MaxBytes = 1 << 62 }, func(r *rig) {
		for n := range 2 {
			r.consumeSpans(span(traceID(n), server))
			sleep(24 * time.Hour)
		}
		assert.EqualValues(r.t, 2, r.balanced().pending[0], "they are waited for")
	})
}

// FuzzConfig: whatever is written, it is taken or refused with errors that name a field.
func FuzzConfig(f *testing.F) {
	for _, name := range []string{"README.md", filepath.Join("testdata", "config.yaml")} {
		content, err := os.ReadFile(name)
		require.NoError(f, err)
		for part := range strings.SplitSeq(string(content), "gateway_tail_sampling") {
			if _, section, ok := strings.Cut(part, "\n"); ok {
				f.Add(section)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
		if err != nil {
			return
		}
		conf, err := retrieved.AsConf()
		if err != nil {
			return
		}
		cfg := createDefaultConfig().(*Config)
		if conf.Unmarshal(cfg) != nil {
			return
		}
		if err := confmap.Validate(cfg); err != nil {
			assert.Contains(t, err.Error(), ": ")
			return
		}
		assert.LessOrEqual(t, len(cfg.Rules)+len(cfg.Policies), maxRules)
	})
}

// TestShards: a processor more does not make the part of max_bytes that one trace can have small.
func TestShards(t *testing.T) {
	t.Parallel()
	cfg := createDefaultConfig().(*Config)
	for bytes, want := range map[int]int{minShardBytes: 1, 31 << 20: 1, 32 << 20: 2, 1 << 40: 2 * runtime.GOMAXPROCS(0)} {
		cfg.MaxBytes = bytes
		assert.Equal(t, want, cfg.shards(), bytes)
	}
	cfg.Shards = 7
	assert.Equal(t, 7, cfg.shards())
}
