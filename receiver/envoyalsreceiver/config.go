package envoyalsreceiver

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/configretry"

	"github.com/gatehouse-otel/gatehouse/internal/configcheck"
	"github.com/gatehouse-otel/gatehouse/internal/engineconfig"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/serverconfig"
	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/als"
)

// Config is what users write under envoy_als. The empty configuration is the recommended one but for the endpoint,
// which is this machine only.
type Config struct {
	// ServerConfig is the gRPC server: endpoint (default localhost:19001), transport, tls, auth, keepalive,
	// max_recv_msg_size_mib and all the rest, under the same keys as protocols::grpc of the otlp receiver.
	ServerConfig configgrpc.ServerConfig `mapstructure:",squash"`

	// Entries says which entries become records: ends (default), those that end a request, an attempt, a connection or
	// a session; or all, periodic ones and those of a start too.
	Entries Entries `mapstructure:"entries"`
	// DynamicMetadata: keep (default) or drop what filters noted about a request.
	DynamicMetadata engineconfig.Keep `mapstructure:"dynamic_metadata"`
	// FilterState: keep (default) or drop the filter state objects that the access logger names.
	FilterState engineconfig.Keep `mapstructure:"filter_state"`
	// NodeMetadata lists the members of the node's metadata that become gateway.node.metadata.* on the resource.
	// Default: role.
	NodeMetadata []string `mapstructure:"node_metadata"`
	// MaxStreams bounds the streams that are served at once, over all connections. Default: 4096.
	MaxStreams int `mapstructure:"max_streams"`
	// MaxHeldSize bounds the messages that all streams hold while their records are not taken, in bytes as they came. A
	// stream is not read while there is no room for a message of the largest size. Default: 64 MiB.
	MaxHeldSize int64 `mapstructure:"max_held_size"`
	// RetryOnFailure says how records that the next component refuses for the time being are offered again; the stream is
	// not read meanwhile. Default: from 100 ms to 5 s apart, without an end.
	RetryOnFailure configretry.BackOffConfig `mapstructure:"retry_on_failure"`
	// URL is about secrets in URLs.
	URL engineconfig.URL `mapstructure:"url"`
	// HeaderAttributes is about logged headers.
	HeaderAttributes engineconfig.Headers `mapstructure:"header_attributes"`

	_ struct{}
}

// Entries says which entries become records.
type Entries string

// Settings of entries.
const (
	EntriesEnds Entries = "ends"
	EntriesAll  Entries = "all"
)

const (
	// defaultEndpoint is this machine: what listens to others is configured to. 19001 is the port contrib's receiver of
	// the same type of logs has, so that gateways need no other configuration.
	defaultEndpoint = "localhost:19001"
	// defaultMaxStreams is 500 Envoys of eight workers: each worker has a stream of its own per access logger.
	defaultMaxStreams = 4096
	// defaultMaxHeldSize is a message of 16 KiB, which is what Envoy buffers by default, for each of them.
	defaultMaxHeldSize = 64 * mebibyte
	mebibyte           = 1 << 20
	// defaultMessageMiB is the largest message without max_recv_msg_size_mib (google.golang.org/grpc,
	// defaultServerMaxReceiveMessageSize).
	defaultMessageMiB = 4
	// maxMessageMiB is the largest message that protobuf allows, 2 GiB less a byte: sizes above overflow on the way to gRPC.
	maxMessageMiB = 2047
	// maxMultiplier and maxWait keep waits far from where durations overflow; nobody waits that long.
	maxMultiplier = 1000
	maxWait       = 24 * time.Hour
)

func createDefaultConfig() component.Config {
	server := configgrpc.NewDefaultServerConfig()
	server.NetAddr.Endpoint = defaultEndpoint
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = 100 * time.Millisecond
	retry.MaxInterval = 5 * time.Second
	retry.MaxElapsedTime = 0
	d := gateway.DefaultOptions()
	return &Config{
		ServerConfig:     server,
		Entries:          EntriesEnds,
		DynamicMetadata:  engineconfig.KeepIt,
		FilterState:      engineconfig.KeepIt,
		NodeMetadata:     []string{"role"},
		MaxStreams:       defaultMaxStreams,
		MaxHeldSize:      defaultMaxHeldSize,
		RetryOnFailure:   retry,
		URL:              engineconfig.URL{RedactQuery: d.SensitiveQuery},
		HeaderAttributes: engineconfig.Headers{Redact: d.SensitiveHeaders},
	}
}

// Validate reports every problem at once, each line naming the field, the value and the way out.
func (c *Config) Validate() error {
	errs := errors.Join(
		serverconfig.Address(&c.ServerConfig.NetAddr, defaultEndpoint),
		serverconfig.TLS(&c.ServerConfig.TLS),
		configcheck.OneOf("entries", c.Entries, EntriesEnds, EntriesAll),
		configcheck.OneOf("dynamic_metadata", c.DynamicMetadata, engineconfig.KeepIt, engineconfig.DropIt),
		configcheck.OneOf("filter_state", c.FilterState, engineconfig.KeepIt, engineconfig.DropIt),
		configcheck.Names("node_metadata", c.NodeMetadata),
		configcheck.Names("url::redact_query", c.URL.RedactQuery),
		configcheck.Names("header_attributes::redact", c.HeaderAttributes.Redact),
	)
	if c.MaxStreams <= 0 {
		errs = errors.Join(errs, fmt.Errorf("max_streams: %d would serve nobody: name a number above 0, or leave the field out", c.MaxStreams))
	}
	if n := c.ServerConfig.MaxRecvMsgSizeMiB; n > maxMessageMiB {
		errs = errors.Join(errs, fmt.Errorf("max_recv_msg_size_mib: %d is too much: want %d at most", n, maxMessageMiB))
	} else if c.MaxHeldSize < c.maxMessage() {
		errs = errors.Join(errs, fmt.Errorf("max_held_size: %d is below the largest message, %d bytes by max_recv_msg_size_mib: "+
			"a message of that size would never be read; raise the one or lower the other", c.MaxHeldSize, c.maxMessage()))
	}
	// Written so that a multiplier or factor that is no number is wrong too.
	if r := &c.RetryOnFailure; r.Enabled {
		if r.InitialInterval <= 0 || r.MaxInterval < r.InitialInterval || !(r.Multiplier >= 1 && r.Multiplier <= maxMultiplier) {
			errs = errors.Join(errs, fmt.Errorf("retry_on_failure: %s growing %v times up to %s is no way to wait: "+
				"want initial_interval above 0, max_interval not below it and multiplier 1 or more, at most %d",
				r.InitialInterval, r.Multiplier, r.MaxInterval, maxMultiplier))
		}
		if !(r.RandomizationFactor >= 0 && r.RandomizationFactor <= 1) {
			errs = errors.Join(errs, fmt.Errorf("retry_on_failure::randomization_factor: %v is no part of a wait: want a number from 0 to 1",
				r.RandomizationFactor))
		}
		if r.MaxInterval > maxWait {
			errs = errors.Join(errs, fmt.Errorf("retry_on_failure::max_interval: %s is longer than the longest wait: want %s or less",
				r.MaxInterval, maxWait))
		}
	}
	return errs
}

// maxMessage is the size of the largest message that is read, in bytes.
func (c *Config) maxMessage() int64 {
	if n := c.ServerConfig.MaxRecvMsgSizeMiB; n > 0 {
		return int64(n) * mebibyte
	}
	return defaultMessageMiB * mebibyte
}

// compile returns the engine that brings records to the conventions, as gateway_semconv does.
func (c *Config) compile() (*gateway.Engine, error) {
	opts := gateway.DefaultOptions()
	opts.SensitiveQuery = c.URL.RedactQuery
	opts.SensitiveQueryFoldCase = c.URL.IgnoreCase
	opts.SensitiveHeaders = c.HeaderAttributes.Redact
	return gateway.Compile(builtin.Profiles(), opts)
}

// decoding returns the options of the decoder.
func (c *Config) decoding() als.Options {
	secrets := make(map[string]bool, len(c.HeaderAttributes.Redact))
	for _, name := range c.HeaderAttributes.Redact {
		secrets[strings.ToLower(name)] = true
	}
	return als.Options{
		Intermediate:    c.Entries == EntriesAll,
		DynamicMetadata: c.DynamicMetadata == engineconfig.KeepIt,
		FilterState:     c.FilterState == engineconfig.KeepIt,
		NodeMetadata:    c.NodeMetadata,
		Secrets:         secrets,
	}
}
