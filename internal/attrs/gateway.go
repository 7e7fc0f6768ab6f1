// Package attrs holds attribute names: those this project defines (gateway.go) and, in one place, the
// conventions' names it uses (semconv.go). It is not a copy of the conventions: a name that only one table
// needs stands in that table.
package attrs

// Names of this project. They say what no convention has a word for yet, and mean the same for every gateway.
const (
	// GatewayName (string) is the name of the Gateway object, or of the gateway where there are no objects.
	GatewayName = "gateway.name"
	// GatewayNamespace (string) is the Gateway object's Kubernetes namespace.
	GatewayNamespace = "gateway.namespace"
	// GatewayClassName (string) is the name of the Gateway object's GatewayClass.
	GatewayClassName = "gateway.class.name"
	// GatewayListenerName (string) is the listener of the gateway that took the request.
	GatewayListenerName = "gateway.listener.name"
	// GatewayListenerPort (int) is that listener's port where the gateway names it by port.
	GatewayListenerPort = "gateway.listener.port"
	// GatewayVirtualHost (string) is the virtual host that was selected, as the gateway names it.
	GatewayVirtualHost = "gateway.virtual_host"

	// GatewayRouteID (string) is the route in the gateway's own spelling, opaque: Envoy's route_name.
	GatewayRouteID = "gateway.route.id"
	// GatewayRouteName (string) is the name of the route object: HTTPRoute, GRPCRoute, a Kong Route.
	GatewayRouteName = "gateway.route.name"
	// GatewayRouteNamespace (string) is the route object's Kubernetes namespace.
	GatewayRouteNamespace = "gateway.route.namespace"
	// GatewayRouteKind (string) is the kind of the route object in lower case: httproute, grpcroute.
	GatewayRouteKind = "gateway.route.kind"
	// GatewayRouteRule (string) is the rule within the route object, by name or by its index from 0.
	GatewayRouteRule = "gateway.route.rule"
	// GatewayRouteMatch (string) is the match within the rule, by its index from 0.
	GatewayRouteMatch = "gateway.route.match"

	// GatewayUpstreamAddress (string) is the endpoint the request was sent to: an IP address or a host name.
	// A client span has it as network.peer.address or server.address instead.
	GatewayUpstreamAddress = "gateway.upstream.address"
	// GatewayUpstreamPort (int) is that endpoint's port.
	GatewayUpstreamPort = "gateway.upstream.port"
	// GatewayUpstreamLocalAddress (string) is the gateway's own address on the upstream connection.
	GatewayUpstreamLocalAddress = "gateway.upstream.local.address"
	// GatewayUpstreamLocalPort (int) is the port of that address.
	GatewayUpstreamLocalPort = "gateway.upstream.local.port"
	// GatewayUpstreamServiceName (string) is the Service, or Kong Service, behind the route.
	GatewayUpstreamServiceName = "gateway.upstream.service.name"
	// GatewayUpstreamServiceNamespace (string) is the Kubernetes namespace of that Service.
	GatewayUpstreamServiceNamespace = "gateway.upstream.service.namespace"
	// GatewayUpstreamServicePort (int) is the port of that Service, not of the endpoint.
	GatewayUpstreamServicePort = "gateway.upstream.service.port"
	// GatewayUpstreamServiceHost (string) is the Service's fully qualified host name (Istio).
	GatewayUpstreamServiceHost = "gateway.upstream.service.host"
	// GatewayUpstreamServiceSubset (string) is the subset of that Service (Istio DestinationRule).
	GatewayUpstreamServiceSubset = "gateway.upstream.service.subset"
	// GatewayUpstreamWorkloadKind (string) is the kind of what runs the pods behind the request, as Kubernetes spells
	// it: Deployment, StatefulSet, DaemonSet, Job.
	GatewayUpstreamWorkloadKind = "gateway.upstream.workload.kind"
	// GatewayUpstreamWorkloadName (string) is the name of that Deployment, StatefulSet, DaemonSet or Job.
	GatewayUpstreamWorkloadName = "gateway.upstream.workload.name"
	// GatewayUpstreamWorkloadNamespace (string) is its Kubernetes namespace, where no Service is known, in whose namespace
	// it would be.
	GatewayUpstreamWorkloadNamespace = "gateway.upstream.workload.namespace"
	// GatewayUpstreamBackendName (string) is the Backend object behind the route (kgateway, Envoy AI Gateway).
	GatewayUpstreamBackendName = "gateway.upstream.backend.name"
	// GatewayUpstreamBackendNamespace (string) is the Backend object's Kubernetes namespace.
	GatewayUpstreamBackendNamespace = "gateway.upstream.backend.namespace"
	// GatewayUpstreamBackendRef (string) is the backend reference within the rule, by its index from 0.
	GatewayUpstreamBackendRef = "gateway.upstream.backend.ref"
	// GatewayUpstreamProtocol (string) is the protocol of the backend as the gateway names it: http, llm, mcp.
	GatewayUpstreamProtocol = "gateway.upstream.protocol"
	// GatewayUpstreamStatName (string) is a cluster's alternative name in statistics, where it has one.
	GatewayUpstreamStatName = "gateway.upstream.stat_name"
	// GatewayUpstreamStatusCode (int) is the status code the upstream answered with.
	GatewayUpstreamStatusCode = "gateway.upstream.status_code"
	// GatewayUpstreamURI (string) is the path and query sent upstream, redacted.
	GatewayUpstreamURI = "gateway.upstream.uri"
	// GatewayUpstreamFailureReason (string) is the transport's own words about a failed connection.
	GatewayUpstreamFailureReason = "gateway.upstream.failure_reason"
	// GatewayUpstreamAttempts (int) is how many times the request was sent upstream: 1 means no retry.
	GatewayUpstreamAttempts = "gateway.upstream.attempts"

	// GatewayRequestDuration (double, s) is the whole request as the gateway measured it.
	GatewayRequestDuration = "gateway.request.duration"
	// GatewayUpstreamDuration (double, s) is the wait for the upstream's first byte.
	GatewayUpstreamDuration = "gateway.upstream.duration"
	// GatewayUpstreamReceiveDuration (double, s) is the time it took to receive the upstream's response.
	GatewayUpstreamReceiveDuration = "gateway.upstream.receive_duration"
	// GatewayProcessingDuration (double, s) is the time spent inside the gateway.
	GatewayProcessingDuration = "gateway.processing.duration"
	// GatewayClientDuration (double, s) is the time spent waiting for the client.
	GatewayClientDuration = "gateway.client.duration"
	// GatewayThirdPartyDuration (double, s) is the time spent in calls of plugins, in total.
	GatewayThirdPartyDuration = "gateway.third_party.duration"

	// GatewayConnectionDuration (double, s) is how long a connection that carried no HTTP lasted.
	GatewayConnectionDuration = "gateway.connection.duration"
	// GatewayConnectionBytesReceived (int, By) is what came from the client on such a connection.
	GatewayConnectionBytesReceived = "gateway.connection.bytes_received"
	// GatewayConnectionBytesSent (int, By) is what was sent to the client on such a connection.
	GatewayConnectionBytesSent = "gateway.connection.bytes_sent"
	// GatewayConnectionStatus (int) is the status the gateway gave such a connection; not an HTTP status code.
	GatewayConnectionStatus = "gateway.connection.status"

	// GatewayResponseReason (string) is why the gateway answered by itself, a closed set of each gateway.
	GatewayResponseReason = "gateway.response.reason"
	// GatewayResponseDetails (string) is how the response came to be (Envoy's response_code_details).
	GatewayResponseDetails = "gateway.response.details"
	// GatewayResponseSource (string) is who produced the response: upstream or the gateway (Kong).
	GatewayResponseSource = "gateway.response.source"
	// GatewayConnectionDetails (string) is why a connection ended (Envoy's connection_termination_details).
	GatewayConnectionDetails = "gateway.connection.termination_details"
	// GatewayErrorMessage (string) is the gateway's own words about an error of this request.
	GatewayErrorMessage = "gateway.error.message"
)
