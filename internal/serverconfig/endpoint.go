package serverconfig

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/config/confignet"
)

// transports are those of confignet that a server of streams can listen on.
var transports = []confignet.TransportType{
	confignet.TransportTypeTCP, confignet.TransportTypeTCP4, confignet.TransportTypeTCP6,
	confignet.TransportTypeUnix, confignet.TransportTypeNpipe,
}

// Address checks endpoint and transport of a server of streams; example is an endpoint that errors suggest.
func Address(addr *confignet.AddrConfig, example string) error {
	switch {
	case !slices.Contains(transports, addr.Transport):
		return fmt.Errorf("transport: %q carries no streams: want tcp, tcp4, tcp6 or unix", addr.Transport)
	case addr.Endpoint == "":
		return fmt.Errorf("endpoint: it is empty: name an address and port to listen on, such as %s", example)
	case !isTCP(addr.Transport):
		return nil // a path
	}
	return HostPort(addr.Endpoint, example)
}

func isTCP(transport confignet.TransportType) bool {
	return strings.HasPrefix(string(transport), "tcp")
}

// HostPort checks an address and port to listen on; example is what errors suggest.
func HostPort(endpoint, example string) error {
	if !strings.Contains(endpoint, ":") {
		return fmt.Errorf("endpoint: %q has no port: want an address and a port such as %s", endpoint, example)
	}
	_, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return fmt.Errorf("endpoint: %q cannot be read, %w: want an address and a port such as %s", endpoint, err, example)
	}
	if port == "" {
		return fmt.Errorf("endpoint: %q has no port: want an address and a port such as %s", endpoint, example)
	}
	// Names of ports, such as "http", are possible, as they are where it is listened.
	if _, err = net.DefaultResolver.LookupPort(context.Background(), "tcp", port); err != nil {
		return fmt.Errorf("endpoint: %q has no possible port: want a number from 0 to 65535 behind the colon, such as %s", endpoint, example)
	}
	return nil
}

// Collide tells whether the second of two servers could not listen because the first one does. Addresses that
// [Address] refuses collide with none, nor do ports that the system chooses.
func Collide(a, b *confignet.AddrConfig) bool {
	if !isTCP(a.Transport) || !isTCP(b.Transport) {
		return a.Transport == b.Transport && a.Endpoint != "" && a.Endpoint == b.Endpoint
	}
	one, other := reachOf(a), reachOf(b)
	return one.port != 0 && one.port == other.port && (meet(one.v4, other.v4) || meet(one.v6, other.v6))
}

// reach is where a server listens in each family of addresses: "" nowhere, everywhere, or one address.
type reach struct {
	v4, v6 string
	port   int
}

const everywhere = "*"

func meet(a, b string) bool {
	return a != "" && b != "" && (a == b || a == everywhere || b == everywhere)
}

// reachOf follows [net.Listen]: no host, and either of the two addresses that stand for all, is all addresses of both
// families unless the transport names one; of a name's addresses, the first IPv4 one.
func reachOf(addr *confignet.AddrConfig) (r reach) {
	host, port, err := net.SplitHostPort(addr.Endpoint)
	if err != nil || port == "" {
		return reach{}
	}
	if r.port, err = net.DefaultResolver.LookupPort(context.Background(), "tcp", port); err != nil {
		return reach{}
	}
	host = strings.ToLower(host)
	ip, err := netip.ParseAddr(host)
	ip = ip.Unmap()
	switch {
	case host == "", err == nil && ip.IsUnspecified():
		r.v4, r.v6 = everywhere, everywhere
	case host == "localhost":
		r.v4, r.v6 = "127.0.0.1", "::1"
	case err != nil:
		r.v4, r.v6 = host, host
	case ip.Is4():
		r.v4 = ip.String()
	default:
		r.v6 = ip.String()
	}
	named := r.v4 != "" && r.v4 != everywhere
	switch {
	case addr.Transport == confignet.TransportTypeTCP6:
		r.v4 = ""
	case addr.Transport == confignet.TransportTypeTCP4, named:
		r.v6 = ""
	}
	return r
}
