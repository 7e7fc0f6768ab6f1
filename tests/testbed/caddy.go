package testbed

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
)

// CaddyOptions describe a Caddy in front of an upstream.
type CaddyOptions struct {
	Program string // of Programs: "caddy", or "caddy-otelhttp-0.59"
	Version string
	// Traces are the variables that OpenTelemetry's SDK for Go reads, NAME=value: where spans go and how.
	Traces   []string
	Upstream string // host:port
}

// Caddy is a running Caddy. Its routes are those of testdata/caddy/Caddyfile.tmpl.
type Caddy struct {
	*Process
	address string
}

//go:embed testdata/caddy/Caddyfile.tmpl
var caddyfileText string

var caddyfile = template.Must(template.New("Caddyfile").Parse(caddyfileText))

// CaddyLog makes an empty file for the access log of a Caddy that is still to be started: the Collector that reads it has
// to be there first.
func CaddyLog(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "access.json")
	require.NoError(tb, os.WriteFile(path, nil, 0o600))
	return path
}

// StartCaddy runs Caddy until the end of the test. It writes its access log, JSON, to the file.
func StartCaddy(tb testing.TB, opts CaddyOptions, accessLog string) *Caddy {
	tb.Helper()
	c := &Caddy{address: FreeAddress(tb)}
	dir := tb.TempDir()
	file := filepath.Join(dir, "Caddyfile")
	var text strings.Builder
	require.NoError(tb, caddyfile.Execute(&text, map[string]string{
		"Port":      strings.TrimPrefix(c.address, "127.0.0.1"),
		"Upstream":  opts.Upstream,
		"Dead":      FreeAddress(tb),
		"AccessLog": accessLog,
		// The option came with 2.11 (modules/caddyhttp/tracing/module.go).
		"SpanAttributes": map[bool]string{true: "yes"}[strings.HasPrefix(opts.Version, "2.11.")],
	}))
	require.NoError(tb, os.WriteFile(file, []byte(text.String()), 0o600))
	c.Process = Start(tb, Command{
		Name: opts.Program + " " + opts.Version,
		Path: Binary(tb, opts.Program, opts.Version, "caddy"),
		Args: []string{"run", "--adapter", "caddyfile", "--config", file},
		Dir:  dir,
		Env: append([]string{
			// Caddy keeps certificates and its last configuration in the user's home.
			"HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_DATA_HOME=" + dir,
			"OTEL_SERVICE_NAME=caddy-edge",
			"OTEL_BSP_SCHEDULE_DELAY=100", // milliseconds until spans are handed over
		}, opts.Traces...),
		Ready: TCPReady(c.address),
	})
	return c
}

// Address is host:port of the listener.
func (c *Caddy) Address() string { return c.address }
