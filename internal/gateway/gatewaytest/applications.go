package gatewaytest

// Applications are resources as agents and SDKs of OpenTelemetry put them on the telemetry of ordinary services, by
// what sends them: the keys that each fills in by default, made by hand.
var Applications = map[string]Attrs{
	"Java agent": {
		"service.name": "checkout", "service.version": "2.1.0", "service.instance.id": "0d7ba8fc-1c77-4df7-a7d1-2ff6c6a3bd25",
		"telemetry.sdk.language": "java", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.49.0",
		"telemetry.distro.name": "opentelemetry-java-instrumentation", "telemetry.distro.version": "2.15.0",
		"host.name": "checkout-5d8c", "host.arch": "amd64", "os.type": "linux", "os.description": "Linux 6.1.0",
		"process.pid": int64(1), "process.executable.path": "/opt/java/bin/java", "process.runtime.name": "OpenJDK Runtime Environment",
		"process.runtime.version": "21.0.6+7", "process.command_args": []any{"/opt/java/bin/java", "-jar", "/app.jar"},
	},
	"Java agent that nobody named": {
		"service.name": "unknown_service:java", "telemetry.sdk.language": "java", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.49.0",
	},
	"Go SDK": {
		"service.name": "cart", "telemetry.sdk.language": "go", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.41.0",
		"process.executable.name": "cart", "process.runtime.name": "go", "host.name": "cart-7f9c",
	},
	"Go SDK that nobody named": {
		"service.name": "unknown_service:cart", "telemetry.sdk.language": "go", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.41.0",
	},
	"Python SDK": {
		"service.name": "recommendation", "service.namespace": "shop", "telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry",
		"telemetry.sdk.version": "1.32.1", "telemetry.auto.version": "0.53b1",
	},
	"Rust SDK": {
		"service.name": "ledger", "telemetry.sdk.language": "rust", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "0.30.0",
	},
	"C++ SDK": {
		"service.name": "currency", "telemetry.sdk.language": "cpp", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.21.0",
	},
	"Zipkin reporter": {"service.name": "legacy-orders"},
}
