package serverconfig

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
)

func tcp(endpoint string) *confignet.AddrConfig {
	return &confignet.AddrConfig{Endpoint: endpoint, Transport: confignet.TransportTypeTCP}
}

func TestAddress(t *testing.T) {
	f := func(addr *confignet.AddrConfig, want string) {
		t.Helper()
		err := Address(addr, "localhost:1")
		if want == "" {
			require.NoError(t, err)
			return
		}
		require.ErrorContains(t, err, want)
	}
	for _, good := range []string{"localhost:0", ":1", "[::1]:65535", "name:http"} {
		f(tcp(good), "")
	}
	f(&confignet.AddrConfig{Endpoint: "a.sock", Transport: confignet.TransportTypeUnix}, "")
	f(tcp(""), "endpoint: it is empty: name an address and port to listen on, such as localhost:1")
	f(tcp("here"), `endpoint: "here" has no port: want an address and a port such as localhost:1`)
	f(tcp("here:"), `endpoint: "here:" has no port`)
	f(tcp("::1:5"), `endpoint: "::1:5" cannot be read`)
	for _, port := range []string{"65536", "-1", "99999999999999999999", "no-such-service"} {
		f(tcp("here:"+port), `endpoint: "here:`+port+`" has no possible port: want a number from 0 to 65535`)
	}
	f(&confignet.AddrConfig{Endpoint: "a:1", Transport: confignet.TransportTypeUDP}, `transport: "udp" carries no streams: want tcp, tcp4, tcp6 or unix`)
}

// TestCollideAsListening checks what is told against what listening says.
func TestCollideAsListening(t *testing.T) {
	listen := func(host, port string) (net.Listener, error) {
		return (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(host, port))
	}
	hosts := []string{"localhost", "127.0.0.1", "127.0.0.2", "0.0.0.0", "", "::", "::1"}
	for _, a := range hosts {
		for _, b := range hosts {
			first, err := listen(a, "0")
			if err != nil {
				continue // no such address on this machine
			}
			_, port, err := net.SplitHostPort(first.Addr().String())
			require.NoError(t, err)
			second, err := listen(b, port)
			if err == nil {
				second.Close()
			}
			if err == nil || errors.Is(err, syscall.EADDRINUSE) {
				assert.Equal(t, err != nil, Collide(tcp(net.JoinHostPort(a, port)), tcp(net.JoinHostPort(b, port))), "%q and %q", a, b)
			}
			first.Close()
		}
	}
}

func TestCollide(t *testing.T) {
	f := func(one, other *confignet.AddrConfig, want bool) {
		t.Helper()
		assert.Equal(t, want, Collide(one, other), "%v and %v", one, other)
		assert.Equal(t, want, Collide(other, one), "%v and %v", other, one)
	}
	alike := []string{"localhost:9", "127.0.0.1:9", "0.0.0.0:9", ":9", "[::]:9", "LOCALHOST:9", "[::ffff:127.0.0.1]:9", "127.0.0.1:09", "localhost:discard"}
	for i, a := range alike {
		for _, b := range alike[i:] {
			f(tcp(a), tcp(b), true)
		}
		f(tcp(a), tcp("localhost:10"), false)
		f(tcp(a), tcp("no address"), false)
	}
	for _, everywhere := range []string{":9", "0.0.0.0:9", "[::]:9"} {
		for _, host := range []string{"[::1]:9", "gateway:9", "10.0.0.1:9"} {
			f(tcp(everywhere), tcp(host), true)
		}
	}
	f(tcp("[::1]:9"), tcp("[0:0::1]:9"), true)
	f(tcp("gateway:9"), tcp("Gateway:9"), true)
	f(tcp("gateway:9"), tcp("other:9"), false)
	f(tcp("127.0.0.1:9"), tcp("127.0.0.2:9"), false)
	f(tcp("localhost:9"), tcp("[::1]:9"), false)
	f(tcp(":0"), tcp(":0"), false)

	four := &confignet.AddrConfig{Endpoint: ":9", Transport: confignet.TransportTypeTCP4}
	six := &confignet.AddrConfig{Endpoint: ":9", Transport: confignet.TransportTypeTCP6}
	f(four, six, false)
	f(four, tcp("localhost:9"), true)
	f(six, tcp("localhost:9"), false)
	f(six, tcp("[::1]:9"), true)

	socket := &confignet.AddrConfig{Endpoint: ":9", Transport: confignet.TransportTypeUnix}
	f(socket, tcp(":9"), false)
	f(socket, socket, true)
}

// TestTLS: every file that is not there or no certificate is told, by its field.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	require.NoError(t, os.WriteFile(empty, []byte("nothing"), 0o600))
	section := func(c configtls.ServerConfig) *configoptional.Optional[configtls.ServerConfig] {
		o := configoptional.Some(c)
		return &o
	}
	err := TLS(section(configtls.ServerConfig{
		Config: configtls.Config{
			CertFile: filepath.Join(dir, "none.pem"), KeyFile: empty, CAFile: empty, CipherSuites: []string{"ROT13"},
		},
		ClientCAFile: filepath.Join(dir, "no-ca.pem"), ReloadClientCAFile: true,
	}))
	for _, want := range []string{
		"tls::cert_file, tls::key_file: ", "none.pem: no such file or directory: want a certificate and its key in PEM",
		"tls::ca_file: ", "failed to parse cert", "tls::client_ca_file: ", "no-ca.pem: no such file or directory: want certificates in PEM",
		"tls::cipher_suites, tls::curve_preferences: ", `"ROT13"`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, TLS(section(configtls.ServerConfig{Config: configtls.Config{CertFile: empty, KeyFile: empty}})), "failed to find any PEM data")

	require.NoError(t, TLS(section(configtls.ServerConfig{Config: configtls.Config{CertFile: empty}})), "that is configtls' to tell")
	none := configoptional.None[configtls.ServerConfig]()
	require.NoError(t, TLS(&none))
}

// host has the extensions of a test.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// keeper lets everybody in.
type keeper struct{ component.Component }

func (keeper) Authenticate(ctx context.Context, _ map[string][]string) (context.Context, error) {
	return ctx, nil
}

func TestExtensions(t *testing.T) {
	keeperID, other := component.MustNewID("keeper"), component.MustNewIDWithName("other", "1")
	running := host{keeperID: keeper{}, other: nil}
	require.NoError(t, Extensions(running, "", &configauth.Config{AuthenticatorID: keeperID}, []component.ID{keeperID}))
	require.NoError(t, Extensions(host{}, "", nil, nil))
	err := Extensions(host{}, "protocols::http::", &configauth.Config{AuthenticatorID: keeperID}, []component.ID{other})
	require.ErrorContains(t, err, `protocols::http::auth::authenticator: "keeper" cannot be used`)
	require.ErrorContains(t, err, `protocols::http::middlewares::0: "other/1" is no extension that runs: configure it under extensions and list it under service::extensions`)
	require.ErrorContains(t, Extensions(running, "", &configauth.Config{AuthenticatorID: other}, nil), "not a server authenticator")
}
