package konglogreceiver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/config/confignet"

	"github.com/gatehouse-otel/gatehouse/internal/serverconfig"
)

// Bounds of what may be configured. A size above is a mistake of units more likely than a wish, and sums and doublings of
// sizes must not overflow an int of 32 bits.
const (
	minLine        = 1024    // room for the smallest record Kong writes
	maxSize        = 1 << 30 // 1 GiB: of a body, a line, a queue, a socket's buffer
	maxInFlight    = 1 << 40 // 1 TiB
	maxConnections = 1 << 20
)

// compressions are what the HTTP server can decompress (collector v0.158.0, config/confighttp/compression.go); "" is a
// body that is not compressed.
var compressions = []string{"", "gzip", "zstd", "zlib", "deflate", "snappy", "lz4"}

// Validate checks what confighttp does not.
func (c *HTTPConfig) Validate() error {
	errs := errors.Join(serverconfig.Address(&c.ServerConfig.NetAddr, defaultHTTPEndpoint), serverconfig.TLS(&c.ServerConfig.TLS))
	if c.ServerConfig.MaxRequestBodySize <= 0 {
		errs = errors.Join(errs, fmt.Errorf("max_request_body_size: %d would take nothing: name a number of bytes above 0, or leave the field out",
			c.ServerConfig.MaxRequestBodySize))
	}
	errs = errors.Join(errs, atMost("max_request_body_size", c.ServerConfig.MaxRequestBodySize, maxSize))
	if c.MaxInFlightSize < c.ServerConfig.MaxRequestBodySize {
		errs = errors.Join(errs, fmt.Errorf("max_in_flight_size: %d is below max_request_body_size, %d: a body of that size would never be accepted; raise the one or lower the other",
			c.MaxInFlightSize, c.ServerConfig.MaxRequestBodySize))
	}
	errs = errors.Join(errs, atMost("max_in_flight_size", c.MaxInFlightSize, maxInFlight))
	list := c.ServerConfig.CompressionAlgorithms
	for _, name := range list {
		if !slices.Contains(compressions, name) {
			errs = errors.Join(errs, fmt.Errorf(`compression_algorithms: %q is not possible, want some of "", %s`, name, strings.Join(compressions[1:], ", ")))
		}
	}
	if len(list) > 0 && !slices.Contains(list, "") {
		errs = errors.Join(errs, fmt.Errorf(`compression_algorithms: %q lacks "", so bodies that are not compressed would be refused, and Kong compresses none: add ""`, list))
	}
	return errs
}

// Validate reports every problem of the section.
func (c *TCPConfig) Validate() error {
	errs := errors.Join(serverconfig.HostPort(c.Endpoint, defaultLineEndpoint), serverconfig.TLS(&c.TLS))
	if c.MaxLineSize < minLine {
		errs = errors.Join(errs, fmt.Errorf("max_line_size: %d is shorter than any record of Kong: want %d or more", c.MaxLineSize, minLine))
	}
	errs = errors.Join(errs, atMost("max_line_size", c.MaxLineSize, maxSize))
	if c.MaxUnfinishedSize < int64(c.MaxLineSize) {
		errs = errors.Join(errs, fmt.Errorf("max_unfinished_size: %d is below max_line_size, %d: a line of that size might never be read; raise the one or lower the other",
			c.MaxUnfinishedSize, c.MaxLineSize))
	}
	errs = errors.Join(errs, atMost("max_unfinished_size", c.MaxUnfinishedSize, maxInFlight))
	if c.MaxConnections <= 0 {
		errs = errors.Join(errs, fmt.Errorf("max_connections: %d would serve nobody: name a number above 0, or leave the field out", c.MaxConnections))
	}
	errs = errors.Join(errs, atMost("max_connections", c.MaxConnections, maxConnections))
	if c.IdleTimeout < 0 {
		errs = errors.Join(errs, fmt.Errorf("idle_timeout: %s is negative: want a duration, or 0 for never", c.IdleTimeout))
	}
	return errs
}

// Validate reports every problem of the section.
func (c *UDPConfig) Validate() error {
	errs := serverconfig.HostPort(c.Endpoint, defaultLineEndpoint)
	if c.MaxDatagramSize < minLine || c.MaxDatagramSize > maxUDP {
		errs = errors.Join(errs, fmt.Errorf("max_datagram_size: %d is no size for a record of Kong: want %d to %d", c.MaxDatagramSize, minLine, maxUDP))
	}
	if c.ReadBufferSize < 0 {
		errs = errors.Join(errs, fmt.Errorf("read_buffer_size: %d is negative: want a number of bytes, or 0 for the kernel's default", c.ReadBufferSize))
	}
	errs = errors.Join(errs, atMost("read_buffer_size", c.ReadBufferSize, maxSize))
	if c.QueueSize < c.MaxDatagramSize {
		errs = errors.Join(errs, fmt.Errorf("queue_size: %d does not hold one datagram of max_datagram_size, %d: raise the one or lower the other",
			c.QueueSize, c.MaxDatagramSize))
	}
	return errors.Join(errs, atMost("queue_size", c.QueueSize, maxSize))
}

func atMost[N int | int64](field string, value, most N) error {
	if value > most {
		return fmt.Errorf("%s: %d is too much: want %d at most", field, value, most)
	}
	return nil
}

// checkPorts reports http and tcp at one port: the second one would not start, and say only that an address is in use.
func (p *ProtocolsConfig) checkPorts() error {
	if !p.HTTP.HasValue() || !p.TCP.HasValue() {
		return nil
	}
	one, other := &p.HTTP.Get().ServerConfig.NetAddr, p.TCP.Get().address()
	if serverconfig.Collide(one, other) {
		return fmt.Errorf("protocols: http::endpoint %q and tcp::endpoint %q are one port: give each its own, such as %s and %s",
			one.Endpoint, other.Endpoint, defaultHTTPEndpoint, defaultLineEndpoint)
	}
	return nil
}

func (c *TCPConfig) address() *confignet.AddrConfig {
	return &confignet.AddrConfig{Endpoint: c.Endpoint, Transport: confignet.TransportTypeTCP}
}
