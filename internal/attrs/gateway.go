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

	// GatewayProxyName (string) is the program that does the gateway's work, where that is another than the gateway.
	GatewayProxyName = "gateway.proxy.name"
	// GatewayProxyVersion (string) is that program's version.
	GatewayProxyVersion = "gateway.proxy.version"
	// GatewayLocalityRegion (string) is the region the gateway was told it runs in. Envoy's zone stays zone_name.
	GatewayLocalityRegion = "gateway.locality.region"
	// GatewayLocalitySubZone (string) is the part of the zone, where zones are divided.
	GatewayLocalitySubZone = "gateway.locality.sub_zone"
	// GatewayNodeMetadata (string) is the beginning of the names of what a control plane told its proxy about itself;
	// the key follows: gateway.node.metadata.role.
	GatewayNodeMetadata = "gateway.node.metadata."

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
	// GatewayUpstreamBytesSent (int, By) is what was sent upstream on the wire, headers and framing included.
	GatewayUpstreamBytesSent = "gateway.upstream.bytes_sent"
	// GatewayUpstreamBytesReceived (int, By) is what came from the upstream on the wire, headers and framing included.
	GatewayUpstreamBytesReceived = "gateway.upstream.bytes_received"
	// GatewayUpstreamHeaderBytesSent (int, By) is the part of it that is request headers.
	GatewayUpstreamHeaderBytesSent = "gateway.upstream.header_bytes_sent"
	// GatewayUpstreamHeaderBytesReceived (int, By) is the part of it that is response headers.
	GatewayUpstreamHeaderBytesReceived = "gateway.upstream.header_bytes_received"

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

	// GatewayTimingRequestReceived (double, s) is when the client's last byte came, counted from the record's time, as
	// all of these are.
	GatewayTimingRequestReceived = "gateway.timing.request_received"
	// GatewayTimingUpstreamRequestStarted (double, s) is when the first byte was sent upstream.
	GatewayTimingUpstreamRequestStarted = "gateway.timing.upstream_request_started"
	// GatewayTimingUpstreamRequestSent (double, s) is when the last byte was sent upstream.
	GatewayTimingUpstreamRequestSent = "gateway.timing.upstream_request_sent"
	// GatewayTimingUpstreamResponseStarted (double, s) is when the upstream's first byte came.
	GatewayTimingUpstreamResponseStarted = "gateway.timing.upstream_response_started"
	// GatewayTimingUpstreamResponseReceived (double, s) is when the upstream's last byte came.
	GatewayTimingUpstreamResponseReceived = "gateway.timing.upstream_response_received"
	// GatewayTimingResponseStarted (double, s) is when the first byte was sent to the client.
	GatewayTimingResponseStarted = "gateway.timing.response_started"
	// GatewayTimingResponseSent (double, s) is when the last byte was sent to the client.
	GatewayTimingResponseSent = "gateway.timing.response_sent"

	// GatewayRequestHeaderBytes (int, By) is the request's header names and values as the gateway held them at the end.
	GatewayRequestHeaderBytes = "gateway.request.header_bytes"
	// GatewayRequestHeaderWireBytes (int, By) is the request's headers as they came on the wire.
	GatewayRequestHeaderWireBytes = "gateway.request.header_wire_bytes"
	// GatewayResponseHeaderBytes (int, By) is the response's header names and values as the gateway held them.
	GatewayResponseHeaderBytes = "gateway.response.header_bytes"
	// GatewayResponseHeaderWireBytes (int, By) is the response's headers as they were sent on the wire.
	GatewayResponseHeaderWireBytes = "gateway.response.header_wire_bytes"

	// GatewayConnectionDuration (double, s) is how long a connection that carried no HTTP lasted.
	GatewayConnectionDuration = "gateway.connection.duration"
	// GatewayConnectionBytesReceived (int, By) is what came from the client on such a connection.
	GatewayConnectionBytesReceived = "gateway.connection.bytes_received"
	// GatewayConnectionBytesSent (int, By) is what was sent to the client on such a connection.
	GatewayConnectionBytesSent = "gateway.connection.bytes_sent"
	// GatewayConnectionWireBytesReceived (int, By) is the same, from the client, as counted on the wire.
	GatewayConnectionWireBytesReceived = "gateway.connection.wire_bytes_received"
	// GatewayConnectionWireBytesSent (int, By) is the same, to the client, as counted on the wire.
	GatewayConnectionWireBytesSent = "gateway.connection.wire_bytes_sent"
	// GatewayConnectionStatus (int) is the status the gateway gave such a connection; not an HTTP status code.
	GatewayConnectionStatus = "gateway.connection.status"

	// GatewayTLSClientVerify (string) is what became of the client's certificate: NONE, SUCCESS or FAILED with a reason.
	GatewayTLSClientVerify = "gateway.tls.client_verify"
	// GatewayCorrelationID (string) is an id the gateway gave the request, or took over from the client, to find it again
	// elsewhere; not a trace id.
	GatewayCorrelationID = "gateway.correlation_id"

	// GatewayGenAICost (double) is what a model call cost, by the price list the gateway was given, in its currency.
	GatewayGenAICost = "gateway.gen_ai.cost"
	// GatewayGenAIDuration (double, s) is how long the model's provider took for the whole answer.
	GatewayGenAIDuration = "gateway.gen_ai.duration"
	// GatewayGenAITimePerOutputToken (double, s) is the average time per token of the answer.
	GatewayGenAITimePerOutputToken = "gateway.gen_ai.time_per_output_token"
	// GatewayGenAICacheDuration (double, s) is how long the gateway's cache of model answers took to answer.
	GatewayGenAICacheDuration = "gateway.gen_ai.cache.duration"
	// GatewayGenAIEmbeddingsDuration (double, s) is how long the embeddings took that such a cache compares.
	GatewayGenAIEmbeddingsDuration = "gateway.gen_ai.embeddings.duration"
	// GatewayMCPDuration (double, s) is how long one call to an MCP server took.
	GatewayMCPDuration = "gateway.mcp.duration"
	// GatewayMCPResponseSize (int, By) is the size of the body an MCP server answered with.
	GatewayMCPResponseSize = "gateway.mcp.response.body.size"
	// GatewayA2ADuration (double, s) is how long one call to an agent took.
	GatewayA2ADuration = "gateway.a2a.duration"
	// GatewayA2AResponseSize (int, By) is the size of the body an agent answered with.
	GatewayA2AResponseSize = "gateway.a2a.response.body.size"

	// GatewayResponseReason (string) is why the gateway answered by itself, a closed set of each gateway.
	GatewayResponseReason = "gateway.response.reason"
	// GatewayResponseDetails (string) is how the response came to be (Envoy's response_code_details).
	GatewayResponseDetails = "gateway.response.details"
	// GatewayResponseSource (string) is who produced the response: upstream or the gateway (Kong).
	GatewayResponseSource = "gateway.response.source"
	// GatewayConnectionDetails (string) is why a connection ended (Envoy's connection_termination_details).
	GatewayConnectionDetails = "gateway.connection.termination_details"
	// GatewayDownstreamFailureReason (string) is the transport's own words about a failed client connection.
	GatewayDownstreamFailureReason = "gateway.downstream.failure_reason"
	// GatewayErrorMessage (string) is the gateway's own words about an error of this request.
	GatewayErrorMessage = "gateway.error.message"

	// GatewayAccessLogType (string) is which of several records about one request or connection this is, in the
	// gateway's words: DownstreamEnd, UpstreamEnd, TcpPeriodic.
	GatewayAccessLogType = "gateway.access_log.type"
	// GatewayAccessLogSampleRate (double) is the part of requests that is logged, above 0 up to 1.
	GatewayAccessLogSampleRate = "gateway.access_log.sample_rate"
	// GatewayStreamID (string) is the gateway's own id of the request or connection, where it is not the x-request-id.
	GatewayStreamID = "gateway.stream.id"
	// GatewayResponseTrailer (string[]) is the beginning of the names of logged trailers of a response that is no RPC;
	// the trailer's name follows.
	GatewayResponseTrailer = "gateway.response.trailer."
	// GatewayCustomTag (string) is the beginning of the names of user-defined tags whose own name is taken by another
	// attribute of the record; the tag's name follows.
	GatewayCustomTag = "gateway.custom_tag."
	// GatewayDynamicMetadata (map) is what filters noted about the request, by filter.
	GatewayDynamicMetadata = "gateway.dynamic_metadata"
	// GatewayFilterState (map) is the state that filters shared about the request, by object.
	GatewayFilterState = "gateway.filter_state"

	// GatewaySamplingRule (string) is the name of the rule by which gateway_tail_sampling decided.
	GatewaySamplingRule = "gateway.sampling.rule"
	// GatewaySamplingTrigger (string) is why it was decided then: entry, wait, pressure, shutdown, or late for an item
	// that came after the decision.
	GatewaySamplingTrigger = "gateway.sampling.trigger"
	// GatewaySamplingDecision (string) is what would have been done, keep or drop, where nothing is dropped (dry_run).
	GatewaySamplingDecision = "gateway.sampling.decision"

	// GatewayTLSServerName (string) is the server the client named when it opened the TLS connection (SNI); it may be
	// another than the host of the request.
	GatewayTLSServerName = "gateway.tls.server_name"
	// GatewayTLSSessionID (string) is the id of the client's TLS session.
	GatewayTLSSessionID = "gateway.tls.session_id"
	// GatewayTLSClientNames (string[]) is the subject alternative names of the client's certificate, URIs and DNS names.
	GatewayTLSClientNames = "gateway.tls.client.subject_alt_names"
	// GatewayTLSServerNames (string[]) is the same of the certificate the gateway showed to the client.
	GatewayTLSServerNames = "gateway.tls.server.subject_alt_names"
)
