package envoyalsreceiver

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func insecureOption() grpc.DialOption {
	return grpc.WithTransportCredentials(insecure.NewCredentials())
}

// authority is a certificate authority for a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.write("ca.pem", "CERTIFICATE", der)
	return a
}

func (a *authority) write(name, kind string, der []byte) string {
	a.t.Helper()
	file := filepath.Join(a.dir, name)
	require.NoError(a.t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return file
}

// issue returns the files of a certificate for localhost and its key.
func (a *authority) issue(name string) (cert, key string) {
	a.t.Helper()
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, &pair.PublicKey, a.key)
	require.NoError(a.t, err)
	keyDER, err := x509.MarshalECPrivateKey(pair)
	require.NoError(a.t, err)
	return a.write(name+".pem", "CERTIFICATE", der), a.write(name+"-key.pem", "EC PRIVATE KEY", keyDER)
}

// dialTLS is what a client with these certificates dials with.
func (a *authority) dialTLS(certificates ...tls.Certificate) grpc.DialOption {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		RootCAs: pool, ServerName: "localhost", Certificates: certificates, MinVersion: tls.VersionTLS12,
	}))
}

// TestTLS checks the server's certificate, and with client_ca_file the client's.
func TestTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert, key := ca.issue("server")
	server := func(mutual bool) (*running, *sink) {
		next := &sink{}
		return start(t, next, func(c *Config) {
			s := configtls.ServerConfig{Config: configtls.Config{CertFile: cert, KeyFile: key}}
			if mutual {
				s.ClientCAFile = filepath.Join(ca.dir, "ca.pem")
			}
			c.ServerConfig.TLS = configoptional.Some(s)
		}), next
	}
	sends := func(r *running, opt grpc.DialOption) error {
		s, err := r.dial(t, opt).StreamAccessLogs(t.Context())
		if err != nil {
			return err
		}
		_ = s.Send(httpMessage(path("/a"))) // the answer tells
		_, err = s.CloseAndRecv()
		return err
	}
	r, next := server(false)
	require.NoError(t, sends(r, ca.dialTLS()))
	next.wait(t, 1)
	assert.Equal(t, codes.Unavailable, status.Code(sends(r, insecureOption())), "no TLS")

	r, next = server(true)
	assert.Equal(t, codes.Unavailable, status.Code(sends(r, ca.dialTLS())), "no client certificate")
	stranger, err := tls.LoadX509KeyPair(newAuthority(t).issue("stranger"))
	require.NoError(t, err)
	assert.Equal(t, codes.Unavailable, status.Code(sends(r, ca.dialTLS(stranger))), "a certificate of another authority")
	own, err := tls.LoadX509KeyPair(ca.issue("client"))
	require.NoError(t, err)
	require.NoError(t, sends(r, ca.dialTLS(own)))
	next.wait(t, 1)
}

// TestStartWithoutExtensions: what the settings name and is not there is told with its field.
func TestStartWithoutExtensions(t *testing.T) {
	t.Parallel()
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"endpoint": "localhost:0", "auth": map[string]any{"authenticator": "basicauth"}, "middlewares": []any{map[string]any{"id": "limit"}},
	}).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	r := unstarted(t, cfg)
	err := r.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, `auth::authenticator: "basicauth" cannot be used`)
	require.ErrorContains(t, err, "list it under service::extensions")
	require.ErrorContains(t, err, `middlewares::0: "limit" is no extension that runs`)
	require.NoError(t, r.Shutdown(t.Context()))
}

// keeper is an authentication extension that knows one token.
type keeper struct{ component.StartFunc }

func (keeper) Shutdown(context.Context) error { return nil }

func (keeper) Authenticate(ctx context.Context, sources map[string][]string) (context.Context, error) {
	if len(sources["authorization"]) != 1 || sources["authorization"][0] != "Bearer right" {
		return ctx, errors.New("who are you")
	}
	info := client.FromContext(ctx)
	info.Metadata = client.NewMetadata(map[string][]string{"tenant": {"acme"}})
	return client.NewContext(ctx, info), nil
}

// rooms is a host with extensions.
type rooms struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (r rooms) GetExtensions() map[component.ID]component.Component { return r.extensions }

// tenants remembers whom records came from.
type tenants struct {
	sink
	seen chan []string
}

func (s *tenants) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	s.seen <- client.FromContext(ctx).Metadata.Get("tenant")
	return s.sink.ConsumeLogs(ctx, ld)
}

// TestAuth checks that streams need what the extension asks for, and that what it found out goes along with the records.
func TestAuth(t *testing.T) {
	t.Parallel()
	id := component.MustNewID("keeper")
	next := &tenants{seen: make(chan []string, 1)}
	var logs consumer.Logs = next
	r := startWith(t, logs, rooms{componenttest.NewNopHost(), map[component.ID]component.Component{id: keeper{}}}, func(c *Config) {
		c.ServerConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: id})
	})
	send := func(token string) error {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", token)
		s, err := r.dial(t).StreamAccessLogs(ctx)
		require.NoError(t, err)
		_ = s.Send(httpMessage(path("/a"))) // the answer tells
		_, err = s.CloseAndRecv()
		return err
	}
	assert.Equal(t, codes.Unauthenticated, status.Code(send("Bearer wrong")))
	require.NoError(t, send("Bearer right"))
	assert.Equal(t, []string{"acme"}, <-next.seen)
	next.wait(t, 1)
	_, err := r.stream(t).CloseAndRecv()
	assert.Equal(t, codes.Unauthenticated, status.Code(err), err)
}
