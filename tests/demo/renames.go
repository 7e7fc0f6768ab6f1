package main

import "strings"

// renames says beside which old name a new one is shown: old name, then the names it may have become, in the order
// they are listed. It only arranges the table. What happens to an attribute is decided by the Collector.
var renames = compileRenames(`
http.method           http.request.method http.request.method_original
http.status_code      http.response.status_code error.type
http.status           http.response.status_code error.type
http.url              url.full url.scheme url.path url.query server.address server.port
http.target           url.path url.query url.full
http.path             url.path url.query url.full
http.scheme           url.scheme
http.host             server.address server.port
http.server_name      server.address
http.client_ip        client.address client.port
http.flavor           network.protocol.name network.protocol.version
http.protocol         network.protocol.name network.protocol.version
http.version          network.protocol.name network.protocol.version
http.user_agent       user_agent.original
user_agent            user_agent.original
request_size          http.request.body.size http.request.size
response_size         http.response.body.size http.response.size
http.request_content_length   http.request.body.size
http.response_content_length  http.response.body.size
retry.count           http.request.resend_count
retry.attempt         http.request.resend_count
try_count             http.request.resend_count
guid:x-request-id     http.request.header.x-request-id
peer.address          network.peer.address network.peer.port client.address client.port
upstream_cluster.name upstream_cluster
upstream_address      server.address server.port network.peer.address network.peer.port gateway.upstream.address gateway.upstream.port
src.addr              network.peer.address network.peer.port client.address client.port
endpoint              server.address server.port gateway.upstream.address gateway.upstream.port
net.peer.ip           network.peer.address client.address
net.peer.name         server.address client.address
net.peer.port         network.peer.port server.port client.port
net.host.name         server.address
net.host.port         server.port
net.sock.peer.addr    network.peer.address client.address
net.sock.peer.port    network.peer.port client.port
net.protocol.version  network.protocol.version
peer.service          server.service.name client.service.name
response_flags        error.type
error.reason          error.type
error                 error.type gateway.error.message
reason                error.type gateway.response.reason
grpc.status_code      rpc.status_code error.type
grpc.status           rpc.status_code error.type
grpc.path             rpc.method rpc.system.name
duration              gateway.request.duration
protocol              network.protocol.version network.protocol.name gateway.upstream.protocol
db.statement          db.query.text
db.system             db.system.name

method                http.request.method
x-envoy-origin-path   url.path url.query
path                  url.path url.query
request.path          url.path url.query
url.path              url.query
url.domain            server.address
url.port              server.port
response_code         http.response.status_code error.type
:authority            server.address server.port
authority             server.address server.port
user-agent            user_agent.original
bytes_received        http.request.body.size http.request.size
bytes_sent            http.response.body.size http.response.size
upstream_host         network.peer.address network.peer.port gateway.upstream.address gateway.upstream.port
downstream_remote_address  network.peer.address network.peer.port client.address client.port
downstream_local_address   network.local.address network.local.port gateway.listener.port
upstream_local_address     gateway.upstream.local.address gateway.upstream.local.port
x-forwarded-for       client.address http.request.header.x-forwarded-for
x_forwarded_for       client.address http.request.header.x-forwarded-for
x-request-id          http.request.header.x-request-id
request_id            http.request.header.x-request-id
response_code_details gateway.response.details
start_time            (time)

llm.provider          gen_ai.provider.name
llm.system            gen_ai.provider.name gen_ai.system
gen_ai.system         gen_ai.provider.name
llm.request.model     gen_ai.request.model
llm.response.model    gen_ai.response.model
llm.model_name        gen_ai.response.model gen_ai.request.model
llm.request.tokens    gen_ai.usage.input_tokens
llm.response.tokens   gen_ai.usage.output_tokens
llm.token_count.prompt      gen_ai.usage.input_tokens
llm.token_count.completion  gen_ai.usage.output_tokens
llm.token_count.prompt_details.cache_read      gen_ai.usage.cache_read.input_tokens
llm.token_count.prompt_details.cache_creation  gen_ai.usage.cache_creation.input_tokens
llm.token_count.completion_details.reasoning   gen_ai.usage.reasoning.output_tokens
gen_ai.usage.reasoning_tokens      gen_ai.usage.reasoning.output_tokens
gen_ai.usage.prompt_tokens         gen_ai.usage.input_tokens
gen_ai.usage.completion_tokens     gen_ai.usage.output_tokens
gen_ai.request.encoding_formats    gen_ai.request.encoding_formats
openinference.span.kind            gen_ai.operation.name
trace.id              (trace_id)
span.id               (span_id)
`)

// origins are attributes that hold several facts in one string, such as the name of an Envoy cluster. A new attribute
// whose value occurs in one of them is shown beside it; the first that fits wins.
var origins = []string{
	"upstream_cluster", "route_name", "gateway", "route", "route_rule", "listener", "endpoint", "upstream_host",
	"gen_ai.provider.name", "upstream_address", "node_id", resourceLabel + "node_name", resourceLabel + "cluster_name",
	"http.url", "response_flags", fieldBody, fieldMessage, fieldStream,
}

func compileRenames(table string) map[string][]string {
	m := map[string][]string{}
	for line := range strings.Lines(table) {
		if words := strings.Fields(line); len(words) > 1 {
			m[words[0]] = words[1:]
		}
	}
	return m
}
