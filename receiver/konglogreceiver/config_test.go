package konglogreceiver

import (
	"context"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/gatehouse-otel/gatehouse/internal/engineconfig"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/receiver/konglogreceiver/internal/metadata"
)

// load reads a configuration as a user writes it, and validates it.
func load(tb testing.TB, conf *confmap.Conf) (*Config, error) {
	tb.Helper()
	cfg := createDefaultConfig().(*Config)
	require.NoError(tb, conf.Unmarshal(cfg))
	return cfg, confmap.Validate(cfg)
}

// section reads one section of testdata/config.yaml.
func section(tb testing.TB, name string) *confmap.Conf {
	tb.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(tb, err)
	require.True(tb, conf.IsSet(name), name)
	sub, err := conf.Sub(name)
	require.NoError(tb, err)
	return sub
}

func TestConfigDefaults(t *testing.T) {
	cfg, err := load(t, section(t, "kong_log"))
	require.NoError(t, err)
	assert.Equal(t, createDefaultConfig(), cfg)
	assert.Equal(t, "localhost:9580", cfg.Protocols.HTTP.Get().ServerConfig.NetAddr.Endpoint)
	assert.False(t, cfg.Protocols.TCP.HasValue())
	assert.False(t, cfg.Protocols.UDP.HasValue())
}

func TestConfigProtocols(t *testing.T) {
	cfg, err := load(t, section(t, "kong_log/lines"))
	require.NoError(t, err)
	assert.False(t, cfg.Protocols.HTTP.HasValue(), "named protocols leave the others off")
	assert.Equal(t, TCPConfig{Endpoint: "localhost:9581", MaxLineSize: 1 << 20, MaxUnfinishedSize: 64 << 20, MaxConnections: 1024, IdleTimeout: 5 * time.Minute}, *cfg.Protocols.TCP.Get())
	assert.Equal(t, UDPConfig{Endpoint: "localhost:9581", MaxDatagramSize: 65535, ReadBufferSize: 4 << 20, QueueSize: 16 << 20}, *cfg.Protocols.UDP.Get())

	cfg, err = load(t, section(t, "kong_log/http"))
	require.NoError(t, err)
	assert.False(t, cfg.Protocols.TCP.HasValue())
	assert.EqualValues(t, 20<<20, cfg.Protocols.HTTP.Get().ServerConfig.MaxRequestBodySize)
}

func TestConfigAll(t *testing.T) {
	cfg, err := load(t, section(t, "kong_log/all"))
	require.NoError(t, err)
	assert.Equal(t, OnMalformedReject, cfg.OnMalformed)
	assert.Equal(t, engineconfig.DropIt, cfg.Consumer)
	assert.Equal(t, "edge", cfg.ServiceName)
	assert.Equal(t, []string{"GET", "PURGE"}, cfg.KnownMethods)
	assert.Equal(t, engineconfig.URL{RedactQuery: []string{"token"}, IgnoreCase: true}, cfg.URL)
	assert.Equal(t, []string{"x-secret"}, cfg.HeaderAttributes.Redact)
	assert.Equal(t, gateway.ContentDrop, cfg.GenAI.Content)
	http := cfg.Protocols.HTTP.Get()
	assert.EqualValues(t, 1048576, http.ServerConfig.MaxRequestBodySize)
	assert.EqualValues(t, 4194304, http.MaxInFlightSize)
	assert.Equal(t, TCPConfig{Endpoint: "localhost:9601", MaxLineSize: 65536, MaxUnfinishedSize: 1 << 20, MaxConnections: 10, IdleTimeout: time.Minute}, *cfg.Protocols.TCP.Get())
	assert.Equal(t, UDPConfig{Endpoint: "localhost:9602", MaxDatagramSize: 9000, ReadBufferSize: 65536, QueueSize: 1048576}, *cfg.Protocols.UDP.Get())
}

// TestConfigMistakes: every error names the field, the value and the way out.
func TestConfigMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		conf map[string]any
		want []string
	}{
		"no protocol":   {map[string]any{"protocols": map[string]any{}}, []string{"protocols: none is named", "name http, tcp or udp"}},
		"on_malformed":  {map[string]any{"on_malformed": "ignore"}, []string{`on_malformed: "ignore" is not possible, want one of accept, reject`}},
		"consumer":      {map[string]any{"consumer": "hash"}, []string{`consumer: "hash" is not possible, want one of keep, drop`}},
		"content":       {map[string]any{"gen_ai": map[string]any{"content": "x"}}, []string{`gen_ai::content: "x" is not possible, want one of keep, drop, convert`}},
		"methods":       {map[string]any{"known_methods": []string{}}, []string{"known_methods: the list is empty", "leave the field out"}},
		"an empty name": {map[string]any{"header_attributes": map[string]any{"redact": []string{""}}}, []string{`header_attributes::redact: "" is not a name: remove it`}},
		"http": {
			map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": "here", "max_request_body_size": 100, "max_in_flight_size": 99}}},
			[]string{`protocols::http: endpoint: "here" has no port`, "max_in_flight_size: 99 is below max_request_body_size, 100"},
		},
		"no body": {
			map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": "", "max_request_body_size": -1}}},
			[]string{"endpoint: it is empty", "max_request_body_size: -1 would take nothing"},
		},
		"tcp": {
			map[string]any{"protocols": map[string]any{"tcp": map[string]any{"endpoint": "x", "max_line_size": 10, "max_unfinished_size": 9, "max_connections": 0, "idle_timeout": "-1s"}}},
			[]string{`protocols::tcp: endpoint: "x" has no port`, "max_line_size: 10 is shorter", "max_unfinished_size: 9 is below max_line_size, 10", "max_connections: 0 would serve nobody", "idle_timeout: -1s is negative"},
		},
		"udp": {
			map[string]any{"protocols": map[string]any{"udp": map[string]any{"max_datagram_size": 70000, "read_buffer_size": -1, "queue_size": 5}}},
			[]string{"max_datagram_size: 70000 is no size", "read_buffer_size: -1 is negative", "queue_size: 5 does not hold one datagram"},
		},
		"too much": {
			map[string]any{"protocols": map[string]any{
				"http": map[string]any{"max_request_body_size": int64(math.MaxInt64), "max_in_flight_size": int64(math.MaxInt64)},
				"tcp":  map[string]any{"max_line_size": math.MaxInt, "max_connections": math.MaxInt},
				"udp":  map[string]any{"read_buffer_size": math.MaxInt, "queue_size": math.MaxInt},
			}},
			[]string{
				"max_request_body_size: 9223372036854775807 is too much: want 1073741824 at most", "max_in_flight_size: 9223372036854775807 is too much",
				"max_line_size: 9223372036854775807 is too much", "max_connections: 9223372036854775807 is too much",
				"read_buffer_size: 9223372036854775807 is too much", "queue_size: 9223372036854775807 is too much",
			},
		},
		"compression": {
			map[string]any{"protocols": map[string]any{"http": map[string]any{"compression_algorithms": []string{"foo"}}}},
			[]string{`compression_algorithms: "foo" is not possible, want some of "", gzip`, `lacks "", so bodies that are not compressed would be refused`},
		},
		"ports": {
			map[string]any{"protocols": map[string]any{
				"http": map[string]any{"endpoint": "localhost:70000"}, "tcp": map[string]any{"endpoint": "::1:9581"}, "udp": map[string]any{"endpoint": "localhost:"},
			}},
			[]string{
				`protocols::http: endpoint: "localhost:70000" has no possible port`, "such as localhost:9580",
				`protocols::tcp: endpoint: "::1:9581" cannot be read`, `protocols::udp: endpoint: "localhost:" has no port`,
			},
		},
		"no port for http": {
			map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": "here"}}},
			[]string{`"here" has no port: want an address and a port such as localhost:9580`},
		},
		"one port": {
			map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": "0.0.0.0:9581"}, "tcp": nil}},
			[]string{`http::endpoint "0.0.0.0:9581" and tcp::endpoint "localhost:9581" are one port`},
		},
		"one port by two names": {
			map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": "127.0.0.1:9581"}, "tcp": nil}},
			[]string{`http::endpoint "127.0.0.1:9581" and tcp::endpoint "localhost:9581" are one port`},
		},
		"transport": {
			map[string]any{"protocols": map[string]any{"http": map[string]any{"transport": "udp"}}},
			[]string{`protocols::http: transport: "udp" carries no streams: want tcp, tcp4, tcp6 or unix`},
		},
		"no certificates": {
			map[string]any{"protocols": map[string]any{
				"http": map[string]any{"tls": map[string]any{"cert_file": "no-h.pem", "key_file": "no-h.pem"}},
				"tcp":  map[string]any{"tls": map[string]any{"cert_file": "no-t.pem", "key_file": "no-t.pem", "client_ca_file": "no-ca.pem"}, "max_connections": 0},
			}},
			[]string{
				"protocols::http: tls::cert_file, tls::key_file: ", "no-h.pem: no such file", "want a certificate and its key in PEM",
				"protocols::tcp: tls::cert_file, tls::key_file: ", "no-t.pem: no such file", "tls::client_ca_file: ", "no-ca.pem", "max_connections: 0 would serve nobody",
			},
		},
	} {
		_, err := load(t, confmap.NewFromStringMap(c.conf))
		require.Error(t, err, name)
		for _, want := range c.want {
			require.ErrorContains(t, err, want, name)
		}
	}
	cfg := createDefaultConfig().(*Config)
	require.Error(t, confmap.NewFromStringMap(map[string]any{"protocol": 1}).Unmarshal(cfg), "unknown fields are refused")
}

// TestStartFails: an address that is taken is an error, with the field that names it, and nothing stays open.
func TestStartFails(t *testing.T) {
	taken := start(t, newPipeline(), nil, nil)
	for field, change := range map[string]func(*Config){
		"protocols::http::endpoint": func(c *Config) { c.Protocols.HTTP.Get().ServerConfig.NetAddr.Endpoint = taken.http[len("http://"):] },
		"protocols::tcp::endpoint":  func(c *Config) { *c.Protocols.TCP.GetOrInsertDefault() = TCPConfig{Endpoint: taken.tcp} },
		"protocols::udp::endpoint":  func(c *Config) { *c.Protocols.UDP.GetOrInsertDefault() = UDPConfig{Endpoint: taken.udp} },
	} {
		cfg := createDefaultConfig().(*Config)
		cfg.Protocols.HTTP.Get().ServerConfig.NetAddr.Endpoint = "localhost:0"
		change(cfg)
		r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
		require.NoError(t, err)
		require.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), field)
		require.NoError(t, r.Shutdown(context.Background()))
	}
}

// TestStartWithoutExtensions: what the settings name and is not there is told with its field.
func TestStartWithoutExtensions(t *testing.T) {
	conf := confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"http": map[string]any{
		"endpoint": "localhost:0", "auth": map[string]any{"authenticator": "basicauth/kong"}, "middlewares": []any{map[string]any{"id": "limit"}},
	}}})
	cfg, err := load(t, conf)
	require.NoError(t, err)
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(t, err)
	err = r.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, `protocols::http::auth::authenticator: "basicauth/kong" cannot be used`)
	require.ErrorContains(t, err, "list it under service::extensions")
	require.ErrorContains(t, err, `protocols::http::middlewares::0: "limit" is no extension that runs`)
	require.NoError(t, r.Shutdown(context.Background()))
}

func TestShutdownWithoutStart(t *testing.T) {
	r, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), createDefaultConfig(), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))
}

// TestOptions: what an option does to a record.
func TestOptions(t *testing.T) {
	const message = `{"request":{"id":"1","method":"PURGE","uri":"/a?Token=s","headers":{"x-secret":"s","cookie":"c","x-consumer-id":"c"}},` +
		`"consumer":{"id":"c"},"ai":{"proxy":{"meta":{"provider_name":"openai"},"payload":{"request":"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"},` +
		`"aws-guardrails":{"input_faulty_prompt":"hi","mode":"INPUT"}}},"response":{"status":200}}`
	one := func(change func(*Config)) map[string]any {
		b := decode(t, testReceiver(t, change).decoder, message)
		require.Equal(t, 1, b.records.Len())
		return b.records.At(0).Attributes().AsRaw()
	}
	got := one(nil)
	assert.Equal(t, "_OTHER", got["http.request.method"])
	assert.Equal(t, []any{"REDACTED"}, got["http.request.header.cookie"])
	assert.Equal(t, []any{"s"}, got["http.request.header.x-secret"])
	assert.Equal(t, "c", got["kong.auth.consumer.id"])
	assert.Contains(t, got["kong.gen_ai.payload.request"], "hi")
	assert.Equal(t, "hi", got["kong.gen_ai.content.aws-guardrails.input_faulty_prompt"])

	got = one(func(c *Config) {
		c.Consumer = engineconfig.DropIt
		c.KnownMethods = []string{"PURGE"}
		c.HeaderAttributes.Redact = []string{"X-Secret"}
		c.URL = engineconfig.URL{RedactQuery: []string{"token"}, IgnoreCase: true}
		c.GenAI.Content = gateway.ContentDrop
	})
	assert.Equal(t, "PURGE", got["http.request.method"])
	assert.Equal(t, []any{"c"}, got["http.request.header.cookie"])
	assert.Equal(t, []any{"REDACTED"}, got["http.request.header.x-secret"])
	assert.Equal(t, "Token=REDACTED", got["url.query"])
	for key, value := range got {
		assert.NotContains(t, key, "consumer")
		if text, ok := value.(string); ok {
			assert.NotContains(t, text, "hi", key)
		}
	}
	assert.Equal(t, "openai", got["gen_ai.provider.name"])
	assert.Equal(t, "INPUT", got["kong.gen_ai.aws-guardrails.mode"])

	got = one(func(c *Config) { c.GenAI.Content = gateway.ContentConvert })
	assert.Equal(t, []any{map[string]any{"role": "user", "parts": []any{map[string]any{"type": "text", "content": "hi"}}}}, got["gen_ai.input.messages"])

	b := decode(t, testReceiver(t, func(c *Config) { c.ServiceName = "" }).decoder, message)
	assert.Zero(t, b.logs.ResourceLogs().At(0).Resource().Attributes().Len())
}

// TestUnreadableMetric: a field of the wrong kind stays, and is counted.
func TestUnreadableMetric(t *testing.T) {
	next := newPipeline()
	r := start(t, next, nil, nil)
	post(t, r.http, `{"response":{"status":"fine"},"latencies":{"request":"soon"},"request":{"id":"1","method":7}}`)
	next.once(t, []string{"1"})
	assert.EqualValues(t, 1, r.counter(t, "unparseable", "reason", "status"))
	assert.EqualValues(t, 1, r.counter(t, "unparseable", "reason", "time"))
	assert.EqualValues(t, 1, r.counter(t, "unparseable", "reason", "type"))
}
