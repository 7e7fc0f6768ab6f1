package konglogreceiver

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"

	"github.com/gatehouse-otel/gatehouse/internal/configcheck"
	"github.com/gatehouse-otel/gatehouse/internal/engineconfig"
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
	Consumer engineconfig.Keep `mapstructure:"consumer"`
	// ServiceName is service.name of the records, default "kong", which Kong's opentelemetry plugin uses too. Empty: none.
	ServiceName string `mapstructure:"service_name"`
	// KnownMethods replaces the list of HTTP methods that are not _OTHER.
	KnownMethods []string `mapstructure:"known_methods"`
	// URL is about secrets in URLs.
	URL engineconfig.URL `mapstructure:"url"`
	// HeaderAttributes is about request and response headers.
	HeaderAttributes engineconfig.Headers `mapstructure:"header_attributes"`
	// GenAI is about prompts and completions.
	GenAI engineconfig.GenAI `mapstructure:"gen_ai"`

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
		Consumer:         engineconfig.KeepIt,
		ServiceName:      "kong",
		KnownMethods:     d.KnownMethods,
		URL:              engineconfig.URL{RedactQuery: d.SensitiveQuery},
		HeaderAttributes: engineconfig.Headers{Redact: d.SensitiveHeaders},
		GenAI:            engineconfig.GenAI{Content: d.Content},
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
	if !c.Protocols.HTTP.HasValue() && !c.Protocols.TCP.HasValue() && !c.Protocols.UDP.HasValue() {
		errs = errors.New("protocols: none is named, so nothing would be received: name http, tcp or udp, or leave the section out")
	}
	return errors.Join(errs,
		c.Protocols.checkPorts(),
		configcheck.OneOf("on_malformed", c.OnMalformed, OnMalformedAccept, OnMalformedReject),
		configcheck.OneOf("consumer", c.Consumer, engineconfig.KeepIt, engineconfig.DropIt),
		c.GenAI.Check(),
		engineconfig.KnownMethods(c.KnownMethods),
		configcheck.Names("url::redact_query", c.URL.RedactQuery),
		configcheck.Names("header_attributes::redact", c.HeaderAttributes.Redact),
	)
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
