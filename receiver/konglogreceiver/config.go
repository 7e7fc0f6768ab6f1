package konglogreceiver

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
)

// Config is what users write under kong_log. The empty configuration listens for http-log on this machine.
type Config struct {
	// Protocols are the ways Kong's plugins send. Without the section: http with its defaults.
	Protocols ProtocolsConfig `mapstructure:"protocols"`
	// OnMalformed says what http-log is answered about a body that cannot be read: accept (default) or reject.
	OnMalformed OnMalformed `mapstructure:"on_malformed"`
	// Consumer: keep (default) or drop who called: Kong's consumer and credential, and the headers with them.
	Consumer Keep `mapstructure:"consumer"`
	// ServiceName is service.name of the records, default "kong", which Kong's opentelemetry plugin uses too. Empty: none.
	ServiceName string `mapstructure:"service_name"`
	// KnownMethods replaces the list of HTTP methods that are not _OTHER.
	KnownMethods []string `mapstructure:"known_methods"`
	// URL is about secrets in URLs.
	URL URLConfig `mapstructure:"url"`
	// HeaderAttributes is about request and response headers.
	HeaderAttributes HeaderConfig `mapstructure:"header_attributes"`
	// GenAI is about prompts and completions.
	GenAI GenAIConfig `mapstructure:"gen_ai"`

	_ struct{}
}

// ProtocolsConfig names the protocols to listen for. Naming one or more leaves the others off.
type ProtocolsConfig struct {
	HTTP configoptional.Optional[HTTPConfig] `mapstructure:"http"`
	TCP  configoptional.Optional[TCPConfig]  `mapstructure:"tcp"`
	UDP  configoptional.Optional[UDPConfig]  `mapstructure:"udp"`

	_ struct{}
}

// HTTPConfig is for Kong's http-log plugin.
type HTTPConfig struct {
	// ServerConfig is the HTTP server: endpoint (default localhost:9580), tls, auth, cors, max_request_body_size (default
	// 20 MiB), compression_algorithms and all the rest, under the same keys as protocols::http of the otlp receiver.
	ServerConfig confighttp.ServerConfig `mapstructure:",squash"`
	// MaxInFlightSize bounds the bodies that are worked on at once, in bytes, uncompressed; records above 1024 in a body
	// count 512 bytes each at least. A request that does not fit is answered 503 and comes again. Default: 64 MiB.
	MaxInFlightSize int64 `mapstructure:"max_in_flight_size"`

	_ struct{}
}

// TCPConfig is for Kong's tcp-log plugin: one record a line.
type TCPConfig struct {
	// Endpoint is where to listen, default localhost:9581.
	Endpoint string `mapstructure:"endpoint"`
	// TLS is the server's TLS; Kong's plugin speaks it with tls: true. Default: none.
	TLS configoptional.Optional[configtls.ServerConfig] `mapstructure:"tls"`
	// MaxLineSize is the longest line that is read, in bytes. Longer ones are skipped and counted. Default: 1 MiB.
	MaxLineSize int `mapstructure:"max_line_size"`
	// MaxUnfinishedSize bounds the lines of all connections whose end has not come, in bytes above the 64 KiB that each
	// connection has for itself. A line that does not fit is skipped and counted. Default: 64 MiB.
	MaxUnfinishedSize int64 `mapstructure:"max_unfinished_size"`
	// MaxConnections bounds the connections that are open at once. Default: 1024.
	MaxConnections int `mapstructure:"max_connections"`
	// IdleTimeout closes a connection on which no line ended for so long. Kong's plugin keeps one open for 60 s by default
	// and opens another when it needs one. Default: 5m; 0 never closes.
	IdleTimeout time.Duration `mapstructure:"idle_timeout"`

	_ struct{}
}

// UDPConfig is for Kong's udp-log and loggly plugins: one record a datagram.
type UDPConfig struct {
	// Endpoint is where to listen, default localhost:9581.
	Endpoint string `mapstructure:"endpoint"`
	// MaxDatagramSize is the longest datagram that is read, in bytes; what is longer arrives cut, is no record and is
	// counted. Default: 65535, all that UDP can carry.
	MaxDatagramSize int `mapstructure:"max_datagram_size"`
	// ReadBufferSize is the socket's receive buffer in bytes; the kernel may grant less (net.core.rmem_max). Default: 4
	// MiB. 0 leaves the kernel's default.
	ReadBufferSize int `mapstructure:"read_buffer_size"`
	// QueueSize bounds what waits in memory while the next component is busy, in bytes. What does not fit is lost and
	// counted: UDP has nobody to tell. Default: 16 MiB.
	QueueSize int `mapstructure:"queue_size"`

	_ struct{}
}

// OnMalformed says what becomes of an http-log body that cannot be read.
type OnMalformed string

// Settings of on_malformed.
const (
	// OnMalformedAccept counts it and answers 200: Kong would send the same body again for as long as it is refused,
	// with all others waiting behind it.
	OnMalformedAccept OnMalformed = "accept"
	// OnMalformedReject answers 400 with the position and takes nothing of the body.
	OnMalformedReject OnMalformed = "reject"
)

// Keep says whether something is kept.
type Keep string

// Settings of what may be dropped.
const (
	KeepIt Keep = "keep"
	DropIt Keep = "drop"
)

// URLConfig says which secrets of URLs are hidden, as in gateway_semconv. Userinfo always is.
type URLConfig struct {
	// RedactQuery replaces the list of query parameters whose values become REDACTED. Default: the seven of semantic
	// conventions 1.45.0.
	RedactQuery []string `mapstructure:"redact_query"`
	// IgnoreCase compares those names without regard to case. Default: false, as the conventions do.
	IgnoreCase bool `mapstructure:"ignore_case"`

	_ struct{}
}

// HeaderConfig says how header attributes are treated, as in gateway_semconv.
type HeaderConfig struct {
	// Redact replaces the list of headers whose values become REDACTED.
	Redact []string `mapstructure:"redact"`

	_ struct{}
}

// GenAIConfig says how prompts and completions are treated, as in gateway_semconv.
type GenAIConfig struct {
	// Content: keep (default) leaves them as sent, drop removes them, convert makes gen_ai.input.messages and
	// gen_ai.output.messages of them.
	Content gateway.Content `mapstructure:"content"`

	_ struct{}
}

const (
	defaultHTTPEndpoint = "localhost:9580"
	defaultLineEndpoint = "localhost:9581" // TCP and UDP
	mebibyte            = 1 << 20
	maxUDP              = 65535
)

func createDefaultConfig() component.Config {
	d := gateway.DefaultOptions()
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = defaultHTTPEndpoint
	server.MaxRequestBodySize = 20 * mebibyte
	// Kong gives a request up after 10 s by default. Below write_timeout, so that the answer still gets out.
	server.ReadTimeout = 20 * time.Second
	server.ReadHeaderTimeout = 10 * time.Second
	return &Config{
		Protocols: ProtocolsConfig{
			HTTP: configoptional.Some(HTTPConfig{ServerConfig: server, MaxInFlightSize: 64 * mebibyte}),
			TCP: configoptional.Default(TCPConfig{
				Endpoint: defaultLineEndpoint, MaxLineSize: mebibyte, MaxUnfinishedSize: 64 * mebibyte, MaxConnections: 1024,
				IdleTimeout: 5 * time.Minute,
			}),
			UDP: configoptional.Default(UDPConfig{
				Endpoint: defaultLineEndpoint, MaxDatagramSize: maxUDP, ReadBufferSize: 4 * mebibyte, QueueSize: 16 * mebibyte,
			}),
		},
		OnMalformed:      OnMalformedAccept,
		Consumer:         KeepIt,
		ServiceName:      "kong",
		KnownMethods:     d.KnownMethods,
		URL:              URLConfig{RedactQuery: d.SensitiveQuery},
		HeaderAttributes: HeaderConfig{Redact: d.SensitiveHeaders},
		GenAI:            GenAIConfig{Content: d.Content},
	}
}

// Unmarshal turns http off where protocols are named and it is not among them.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	if conf.IsSet("protocols") && !conf.IsSet("protocols::http") {
		c.Protocols.HTTP = configoptional.None[HTTPConfig]()
	}
	return nil
}

// Validate reports every problem at once, each line naming the field, the value and the way out.
func (c *Config) Validate() error {
	var errs error
	fail := func(format string, args ...any) { errs = errors.Join(errs, fmt.Errorf(format, args...)) }
	check := func(field, value string, legal ...string) {
		if !slices.Contains(legal, value) {
			fail("%s: %q is not possible, want one of %s", field, value, strings.Join(legal, ", "))
		}
	}
	if !c.Protocols.HTTP.HasValue() && !c.Protocols.TCP.HasValue() && !c.Protocols.UDP.HasValue() {
		fail("protocols: none is named, so nothing would be received: name http, tcp or udp, or leave the section out")
	}
	check("on_malformed", string(c.OnMalformed), string(OnMalformedAccept), string(OnMalformedReject))
	check("consumer", string(c.Consumer), string(KeepIt), string(DropIt))
	check("gen_ai::content", string(c.GenAI.Content), string(gateway.ContentKeep), string(gateway.ContentDrop), string(gateway.ContentConvert))
	if len(c.KnownMethods) == 0 {
		fail("known_methods: the list is empty, so every method would become _OTHER: name the methods, or leave the field out")
	}
	for _, list := range []struct {
		field string
		names []string
	}{
		{"known_methods", c.KnownMethods},
		{"url::redact_query", c.URL.RedactQuery},
		{"header_attributes::redact", c.HeaderAttributes.Redact},
	} {
		if slices.Contains(list.names, "") {
			fail("%s: %q is not a name: remove it", list.field, "")
		}
	}
	return errors.Join(errs, c.Protocols.checkPorts())
}

// compile returns the engine that brings records to the conventions, as gateway_semconv does.
func (c *Config) compile() (*gateway.Engine, error) {
	opts := gateway.DefaultOptions()
	opts.LogBodies = gateway.LogBodiesKeep // a body is one line about the record, not a line to be read
	opts.Content = c.GenAI.Content
	opts.KnownMethods = c.KnownMethods
	opts.SensitiveQuery = c.URL.RedactQuery
	opts.SensitiveQueryFoldCase = c.URL.IgnoreCase
	opts.SensitiveHeaders = c.HeaderAttributes.Redact
	return gateway.Compile(builtin.Profiles(), opts)
}
