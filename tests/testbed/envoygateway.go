package testbed

// envoyGatewayPorts are the ports Envoy Gateway takes whatever it is told: xDS, rate limit xDS, the wasm server, metrics
// (Envoy Gateway 1.9.1, internal/xds/runner, internal/globalratelimit/runner, internal/wasm, internal/metrics).
var envoyGatewayPorts = []int{18000, 18001, 18002, 19001}
