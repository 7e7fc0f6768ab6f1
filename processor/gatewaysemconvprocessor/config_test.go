package gatewaysemconvprocessor

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/processor/gatewaysemconvprocessor/internal/metadata"
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
		assert.Equal(t, gateway.ModeDuplicate, cfg.Mode)
		assert.Equal(t, gateway.SpanNamesKeep, cfg.SpanNames)
		assert.Equal(t, gateway.SpanStatusKeep, cfg.SpanStatus)
		assert.Equal(t, gateway.BodySizeHeader, cfg.BodySizeAs)
		assert.Equal(t, gateway.LogBodiesKeep, cfg.LogBodies)
		assert.Equal(t, []string{"GET", "PURGE"}, cfg.KnownMethods)
		assert.Equal(t, []string{"token", "sig"}, cfg.URL.RedactQuery)
		assert.True(t, cfg.URL.IgnoreCase)
		assert.Equal(t, []string{"x-session"}, cfg.HeaderAttributes.Redact)
		assert.Equal(t, []string{"x-tenant-id"}, cfg.HeaderAttributes.Dashes)
		assert.Equal(t, gateway.ContentConvert, cfg.GenAI.Content)
		assert.Equal(t, []string{"genai_next", "session"}, cfg.Enable)
		require.Len(t, cfg.Gateways, 2)
	})
	t.Run("unknown keys are refused", func(t *testing.T) {
		t.Parallel()
		_, err := load(t, "unknown_key")
		require.ErrorContains(t, err, "modes")
	})
}

// TestConfigErrors: every problem at once, each naming the field, the value and the legal values.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	_, err := load(t, "wrong")
	require.Error(t, err)
	for _, want := range []string{
		`mode: "replaced" is not possible, want one of replace, duplicate`,
		`span_names: "raw" is not possible, want one of convention, keep`,
		`span_status: "none" is not possible, want one of convention, keep`,
		`body_size_as: "size" is not possible, want one of body_size, header`,
		`log_bodies: "off" is not possible, want one of parse, keep`,
		`gen_ai::content: "hide" is not possible, want one of keep, drop, convert`,
		`enable: "everything" is not possible, want one of`,
		`known_methods: the list is empty`,
		`url::redact_query: "" is not a name: remove it`,
		`gateways::0::id: "" is not possible`,
		`gateways::0::detect::0: 2 of scope, span_name, resource and attribute are set, want exactly one`,
		`gateways::0::detect::1::value: "x" needs resource or attribute beside it`,
		`gateways::0::attributes::0::from: "" is not possible: name the attribute as it arrives`,
		`gateways::0::attributes::1::as: "integer" is not a conversion, want one of address, bool,`,
		`gateways::0::attributes::1::kinds: "servers" is not a span kind, want one of client, consumer, internal, producer, server`,
		`gateways::0::attributes::1::signals: "metrics" is not a signal, want one of logs, traces`,
		`gateways::0::patterns::0::key: "" is not possible`,
		`gateways::0::log_bodies: "xml" is not a format, want one of envoy_text,`,
	} {
		assert.ErrorContains(t, err, want)
	}
}

// TestConfigErrorsTogether are problems that only show when all gateways are put together.
func TestConfigErrorsTogether(t *testing.T) {
	t.Parallel()
	_, err := load(t, "wrong_together")
	require.Error(t, err)
	assert.ErrorContains(t, err, `base "loop-a" leads back to it`)
}

// TestConfigErrorsOfRules are mistakes that would otherwise lose an attribute, or do nothing, in silence.
func TestConfigErrorsOfRules(t *testing.T) {
	t.Parallel()
	_, err := load(t, "wrong_rules")
	require.Error(t, err)
	for _, want := range []string{
		`gateways::0::base: "envoi" is not a gateway, want one of otel, envoy, kgateway,`,
		`gateways::0::attributes::0::to: 0 keys, as: host_port takes 1 to 2`,
		`gateways::0::attributes::1::to::0: "" is not possible: name the attribute it becomes, or use as: drop`,
		`gateways::0::attributes::2::to: 2 keys, as: rename takes 1 to 1`,
		`gateways::0::attributes::3::values: 0 values: as: map needs some`,
		`gateways::0::attributes::4::values: 1 values: as: map needs some, every other conversion none`,
		`gateways::0::attributes::5::from: "x.y" does not end with <key>, as as: template needs`,
		`gateways::0::attributes::6::to::0: "b.<key>" and from "f": <key> ends both or neither`,
		`gateways::0::attributes::7::from: "f" has a rule already, attributes::6: only one can apply`,
		`gateways::0::resource::0::as: "int" is not possible for resource attributes`,
		`gateways::0::patterns::0::text: "svc_{name" a '{' has no '}': close the field`,
		`gateways::0::patterns::1::text: "{}" has no named field`,
		`gateways::0::patterns::2::text: "{a}_{a}" field "a" occurs twice`,
		`gateways::0::patterns::3::key: "<key>" is not possible`,
		`gateways::0::span_names::0: "a*b*c" is not possible`,
		`gateways::1::id: "edge" is used twice`,
		`gateways::2::detect: is empty and "knog" is not built in`,
		`gateways::3::base: "envoy" is not possible here: "kong" is built in`,
		`header_attributes::dashes: "content_type": write the header with dashes`,
	} {
		assert.ErrorContains(t, err, want)
	}
}

// TestConfiguredGateway: a gateway from YAML goes the same way as a built-in one.
func TestConfiguredGateway(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "edge")
	require.NoError(t, err)
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	ss.Scope().SetName("edge-proxy/2")
	span := ss.Spans().AppendEmpty()
	span.SetName("edge")
	span.SetKind(ptrace.SpanKindServer)
	span.Attributes().PutStr("verb", "GET")
	span.Attributes().PutStr("code", "503")
	span.Attributes().PutStr("took", "12")
	span.Attributes().PutStr("backend", "svc_shop_cart_8080")
	span.Attributes().PutStr("tenant", "-")
	out := runTraces(t, cfg, td).ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	assert.Equal(t, "GET", out.Name())
	assert.Equal(t, ptrace.StatusCodeError, out.Status().Code())
	assert.Equal(t, map[string]any{
		"http.request.method": "GET", "http.response.status_code": int64(503), "error.type": "503",
		"gateway.request.duration": 0.012, "gateway.upstream.service.namespace": "shop",
		"gateway.upstream.service.name": "cart", "gateway.upstream.service.port": int64(8080),
		"backend": "svc_shop_cart_8080",
	}, out.Attributes().AsRaw())
}

// TestAddToBuiltin: the id of a built-in gateway adds rules to it, before its own.
func TestAddToBuiltin(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "more_kong")
	require.NoError(t, err)
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	ss.Scope().SetName("kong-internal")
	span := ss.Spans().AppendEmpty()
	span.SetKind(ptrace.SpanKindServer)
	span.Attributes().PutStr("http.method", "GET")
	span.Attributes().PutStr("tenant.id", "7")
	out := runTraces(t, cfg, td).ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	got := out.Attributes().AsRaw()
	assert.Equal(t, int64(7), got["app.tenant"])
	assert.Equal(t, "GET", got["http.request.method"])
	assert.NotContains(t, got, "tenant.id")
}
