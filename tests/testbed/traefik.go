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

// TraefikVersion is the pinned Traefik.
const TraefikVersion = "3.6.12"

// TraefikOptions say how a Traefik traces and logs.
type TraefikOptions struct {
	Upstream string // host:port
	// Exactly one of TracesGRPC and TracesHTTP is where spans go, host:port of an OTLP receiver.
	TracesGRPC, TracesHTTP string
	Detailed               bool // spans for routers, middlewares and services too
	// Exactly one of LogGRPC and LogFile is where the access log goes: an OTLP receiver's host:port, or a file.
	LogGRPC, LogFile string
	LogFormat        string // "json" or "common"
}

// Traefik is a running Traefik. Its routers are those of testdata/traefik/routers.yaml.tmpl.
type Traefik struct {
	*Process
	address, upstream, dead string
}

// The two files Traefik reads: what it is started with, and its routers.
var (
	//go:embed testdata/traefik/traefik.yaml.tmpl
	traefikText string
	//go:embed testdata/traefik/routers.yaml.tmpl
	traefikRoutersText string

	traefikConfig  = template.Must(template.New("traefik.yaml").Parse(traefikText))
	traefikRouters = template.Must(template.New("routers.yaml").Parse(traefikRoutersText))
)

// StartTraefik runs Traefik until the end of the test.
func StartTraefik(tb testing.TB, opts TraefikOptions) *Traefik {
	tb.Helper()
	t := &Traefik{address: FreeAddress(tb), upstream: opts.Upstream, dead: FreeAddress(tb)}
	api := FreeAddress(tb)
	dir := tb.TempDir()
	write := func(name string, tmpl *template.Template, values any) string {
		var text strings.Builder
		require.NoError(tb, tmpl.Execute(&text, values))
		path := filepath.Join(dir, name)
		require.NoError(tb, os.WriteFile(path, []byte(text.String()), 0o600))
		return path
	}
	routers := write("routers.yaml", traefikRouters, map[string]string{"Upstream": t.upstream, "Dead": t.dead})
	config := write("traefik.yaml", traefikConfig, struct {
		TraefikOptions
		Address, API, Routers string
	}{opts, t.address, api, routers})
	t.Process = Start(tb, Command{
		Name: "traefik " + TraefikVersion,
		Path: Binary(tb, "traefik", TraefikVersion, "traefik"),
		Args: []string{"--configFile=" + config},
		Dir:  dir,
		Env: []string{
			"OTEL_BSP_SCHEDULE_DELAY=100", "OTEL_BLRP_SCHEDULE_DELAY=100", // milliseconds until spans and records are handed over
		},
		// Its listener is there before its routers are.
		Ready: HTTPReady("http://" + api + "/api/http/routers/main@file"),
	})
	return t
}

// Address is host:port of the entry point.
func (t *Traefik) Address() string { return t.address }

// Dead is host:port of the service that does not answer.
func (t *Traefik) Dead() string { return t.dead }
