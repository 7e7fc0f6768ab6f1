package collector

import (
	"fmt"
	"net"
	"strings"
	"text/template"
)

// Config describes a Collector with one pipeline for traces and one for logs: OTLP, Zipkin and, where they have an address,
// the receivers of gateways' own protocols in, OTLP/gRPC out. It may hand the same input unprocessed to a second exporter.
// All addresses are host:port.
type Config struct {
	OTLPGRPC string // listening address of the otlp receiver, gRPC
	OTLPHTTP string // listening address of the otlp receiver, HTTP
	Zipkin   string // listening address of the zipkin receiver
	EnvoyALS string // listening address of the envoy_als receiver, empty for none
	KongHTTP string // listening address of the kong_log receiver, HTTP, empty for none
	KongTCP  string // the same for TCP; goes with KongHTTP and KongUDP, all three or none
	KongUDP  string // the same for UDP
	Health   string // listening address of the health_check extension
	Metrics  string // where the Collector's own metrics are served to Prometheus, at 127.0.0.1; empty for none
	Export   string // where the otlp_grpc exporter sends to, without TLS
	// Processors of both pipelines, in order, with their default configuration.
	Processors []string
	// Raw, if set, is where everything received is exported to as it came, by pipelines without processors.
	Raw string
	// Backends get the spans that Export gets, over OTLP/gRPC without TLS.
	Backends []string
	// LogFiles are read line by line from their beginning by a file_log receiver in the logs pipelines.
	LogFiles []string
	// Queue is how many export requests wait for Export before more are refused; 0 is the exporter's default.
	Queue int
}

// LogReceivers are the receivers of the logs pipelines, in order.
func (c Config) LogReceivers() []string {
	names := []string{"otlp"}
	if c.EnvoyALS != "" {
		names = append(names, "envoy_als")
	}
	if c.KongHTTP != "" {
		names = append(names, "kong_log")
	}
	if len(c.LogFiles) > 0 {
		names = append(names, "file_log")
	}
	return names
}

// MetricsPort is the port of Metrics, which the Collector wants by itself.
func (c Config) MetricsPort() (string, error) {
	_, port, err := net.SplitHostPort(c.Metrics)
	if err != nil {
		return "", fmt.Errorf("metrics address %q: want host:port: %w", c.Metrics, err)
	}
	return port, nil
}

// LoopbackConfig returns a Config with every receiver on free loopback ports that exports to the given address. A port is
// free at the time of the call; whoever takes it before the Collector does makes the start fail.
func LoopbackConfig(export string, processors ...string) (Config, error) {
	cfg := Config{Export: export, Processors: processors}
	var held []net.Listener // until all are found, so that no two are the same
	defer func() {
		for _, listener := range held {
			_ = listener.Close() // a listener nobody connected to
		}
	}()
	for _, address := range []*string{
		&cfg.OTLPGRPC, &cfg.OTLPHTTP, &cfg.Zipkin, &cfg.EnvoyALS, &cfg.KongHTTP, &cfg.KongTCP, &cfg.KongUDP, &cfg.Health,
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return Config{}, fmt.Errorf("find a free port: %w", err)
		}
		held = append(held, listener)
		*address = listener.Addr().String()
	}
	return cfg, nil
}

// One consumer empties each queue, so requests leave in the order they came and a test may compare them one by one. The
// export timeout outlasts a sink that hangs for a moment: an attempt that timed out would be retried out of order.
var configTemplate = template.Must(template.New("config").Parse(`
extensions:
  health_check:
    endpoint: {{.Health}}
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: {{.OTLPGRPC}}
        max_recv_msg_size_mib: 64
      http:
        endpoint: {{.OTLPHTTP}}
  zipkin:
    endpoint: {{.Zipkin}}
{{- if .EnvoyALS}}
  envoy_als:
    endpoint: {{.EnvoyALS}}
{{- end}}
{{- if .KongHTTP}}
  kong_log:
    protocols:
      http:
        endpoint: {{.KongHTTP}}
      tcp:
        endpoint: {{.KongTCP}}
      udp:
        endpoint: {{.KongUDP}}
{{- end}}
{{- if .LogFiles}}
  file_log:
    include:
{{- range .LogFiles}}
      - {{printf "%q" .}}
{{- end}}
    start_at: beginning
    poll_interval: 50ms
{{- end}}
processors:
{{- range .Processors}}
  {{.}}: {}
{{- end}}
exporters:
  otlp_grpc:
    endpoint: {{.Export}}
    tls:
      insecure: true
    timeout: 60s
    sending_queue:
      num_consumers: 1
{{- with .Queue}}
      queue_size: {{.}}
{{- end}}
{{- with .Raw}}
  otlp_grpc/raw:
    endpoint: {{.}}
    tls:
      insecure: true
    timeout: 60s
    sending_queue:
      num_consumers: 1
{{- end}}
{{- range $i, $endpoint := .Backends}}
  otlp_grpc/backend{{$i}}:
    endpoint: {{$endpoint}}
    tls:
      insecure: true
{{- end}}
service:
  extensions: [health_check]
  telemetry:
    metrics:
{{- if .Metrics}}
      level: detailed
      readers:
        - pull:
            exporter:
              prometheus:
                host: 127.0.0.1
                port: {{.MetricsPort}}
{{- else}}
      level: none
{{- end}}
  pipelines:
    traces:
      receivers: [otlp, zipkin]
      processors: [{{range $i, $p := .Processors}}{{if $i}}, {{end}}{{$p}}{{end}}]
      exporters: [otlp_grpc{{range $i, $endpoint := .Backends}}, otlp_grpc/backend{{$i}}{{end}}]
    logs:
      receivers: [{{range $i, $r := .LogReceivers}}{{if $i}}, {{end}}{{$r}}{{end}}]
      processors: [{{range $i, $p := .Processors}}{{if $i}}, {{end}}{{$p}}{{end}}]
      exporters: [otlp_grpc]
{{- if .Raw}}
    traces/raw:
      receivers: [otlp, zipkin]
      exporters: [otlp_grpc/raw]
    logs/raw:
      receivers: [{{range $i, $r := .LogReceivers}}{{if $i}}, {{end}}{{$r}}{{end}}]
      exporters: [otlp_grpc/raw]
{{- end}}
`))

// YAML returns the configuration file.
func (c Config) YAML() (string, error) {
	var b strings.Builder
	if err := configTemplate.Execute(&b, c); err != nil {
		return "", fmt.Errorf("write configuration: %w", err)
	}
	return strings.TrimPrefix(b.String(), "\n"), nil
}
