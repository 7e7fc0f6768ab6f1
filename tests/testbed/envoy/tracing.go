package envoy

import (
	"strconv"
	"time"
)

// Tracer is one of Envoy's tracer drivers with its transport.
type Tracer string

// The tracers.
const (
	OpenTelemetryGRPC Tracer = "opentelemetry grpc"
	OpenTelemetryHTTP Tracer = "opentelemetry http"
	Zipkin            Tracer = "zipkin"
)

// telemetryTimeout is what an export may take.
const telemetryTimeout = "2s"

// Tracing is the tracing part of a listener. Every request is sampled unless its parent says otherwise.
type Tracing struct {
	Tracer      Tracer
	ServiceName string // of the OpenTelemetry tracers
	// Environment turns the detector on that reads OTEL_RESOURCE_ATTRIBUTES.
	Environment bool
	// SpawnUpstream makes one more span for each attempt to reach the upstream.
	SpawnUpstream bool
	// CustomTags are put on both spans.
	CustomTags []CustomTag
}

// CustomTag is a tag with a literal value, or with that of an environment variable, a request header or a format string
// (Value; Envoy 1.36 refuses those).
type CustomTag struct{ Name, Literal, Environment, Header, Value string }

func (t CustomTag) object() object {
	switch {
	case t.Environment != "":
		return object{"tag": t.Name, "environment": object{"name": t.Environment, "default_value": "unset"}}
	case t.Header != "":
		return object{"tag": t.Name, "request_header": object{"name": t.Header}}
	case t.Value != "":
		return object{"tag": t.Name, "value": t.Value}
	}
	return object{"tag": t.Name, "literal": object{"value": t.Literal}}
}

func tagObjects(tags []CustomTag) []any {
	objects := make([]any, len(tags))
	for i, tag := range tags {
		objects[i] = tag.object()
	}
	return objects
}

func (t Tracing) object() object {
	tracing := object{
		"provider":            t.provider(),
		"random_sampling":     object{"value": 100},
		"spawn_upstream_span": t.SpawnUpstream,
	}
	if len(t.CustomTags) > 0 {
		tracing["custom_tags"] = tagObjects(t.CustomTags)
	}
	return tracing
}

func (t Tracing) provider() object {
	if t.Tracer == Zipkin {
		return object{
			"name": "envoy.tracers.zipkin",
			"typed_config": object{
				"@type":                      typePrefix + "config.trace.v3.ZipkinConfig",
				"collector_cluster":          zipkin,
				"collector_endpoint":         "/api/v2/spans",
				"collector_endpoint_version": "HTTP_JSON",
				"trace_id_128bit":            true,
				// Client and server spans get ids of their own, as OpenTelemetry wants them.
				"shared_span_context": false,
			},
		}
	}
	config := object{
		"@type":        typePrefix + "config.trace.v3.OpenTelemetryConfig",
		"service_name": t.ServiceName,
	}
	if t.Tracer == OpenTelemetryHTTP {
		config["http_service"] = object{"http_uri": object{
			// Nothing is appended to the path.
			"uri": "http://collector/v1/traces", "cluster": otlpHTTP, "timeout": telemetryTimeout,
		}}
	} else {
		config["grpc_service"] = grpcService(otlpGRPC)
	}
	if t.Environment {
		config["resource_detectors"] = []any{object{
			"name": "envoy.tracers.opentelemetry.resource_detectors.environment",
			"typed_config": object{
				"@type": typePrefix +
					"extensions.tracers.opentelemetry.resource_detectors.v3.EnvironmentResourceDetectorConfig",
			},
		}}
	}
	return object{"name": "envoy.tracers.opentelemetry", "typed_config": config}
}

func grpcService(cluster string) object {
	return object{"envoy_grpc": object{"cluster_name": cluster}, "timeout": telemetryTimeout}
}

// seconds writes a duration as protobuf's JSON does.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}
