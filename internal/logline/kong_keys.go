package logline

// The keys are those of Kong's own OTLP access log, which tells the same fields (Kong Gateway 3.14 documentation,
// OpenTelemetry plugin, access logs): a record looks the same whichever way it took. Whole trees are flattened
// under one prefix as that log flattens them, "kong.route.paths.1". A field that log does not have keeps its path in
// the serializer behind "kong.". What an operator added (kong.log.set_serialize_value, custom_fields_by_lua) keeps
// the name the operator gave it.

const (
	requestHeader = "http.request.header."
	genAI         = "kong.gen_ai."
	genAIContent  = genAI + "content." // raw text of users and models
	triesKey      = "kong.upstream.try"
)

// kongRole is how a part of the tree is read.
type kongRole uint8

const (
	roleCustom   kongRole = iota // an operator's: objects are flattened, arrays stay
	roleNumbered                 // Kong's own: arrays are numbered
	roleSkip                     // says again what another field says
	roleHeaders
	roleIdentity // who called; numbered too
	roleTraceID
	roleTries
	roleRPC
	roleGenAI
)

// kongNote marks fields that finish needs once more.
type kongNote uint8

const (
	noteNone kongNote = iota
	noteMethod
	noteURI
	noteStatus
	noteTotal
	noteStarted
	noteLatency
	noteProxy
	noteReceive
	noteSource
	noteUpstreamURI
	noteUpstreamStatus
	noteUpstreamReceived
	noteUpstreamSent
	notePaths
	noteProtocols
	noteTryIP
	noteTryPort
	noteTryState
	noteTryCode
	noteSession
	noteCount
)

// kongNode describes a value of the serializer.
type kongNode struct {
	key     string // what it becomes; "" for a tree
	prefix  string // of the members that are not listed; "" for what has no members by rights
	role    kongRole
	note    kongNote
	list    []kongMember
	element *kongNode // of tries and calls
}

type kongMember struct {
	name string
	kongNode
}

func (n *kongNode) member(name string) *kongNode {
	for i := range n.list {
		if n.list[i].name == name {
			return &n.list[i].kongNode
		}
	}
	return nil
}

var (
	genericNode  = &kongNode{}
	numberedNode = &kongNode{role: roleNumbered}
	genAINode    = &kongNode{role: roleGenAI}
)

// unlisted is the node of members that have none.
func (n *kongNode) unlisted() *kongNode {
	switch n.role {
	case roleGenAI, roleRPC:
		return genAINode
	case roleNumbered, roleIdentity, roleTries:
		return numberedNode
	}
	if n.prefix != "" {
		return numberedNode
	}
	return genericNode
}

// rawText are the fields that repeat what users and models said, wherever they stand in the ai section (Kong Gateway
// 3.14 documentation, AI audit log reference). The payload of the proxied call itself is listed in kongGenAI.
var rawText = map[string]bool{
	"payload": true, "input_faulty_prompt": true, "output_faulty_response": true, "sanitized_items": true,
}

// kongTLS is request.tls and session.tls.
var kongTLS = []kongMember{
	{"version", kongNode{key: "kong.tls.version"}},
	{"cipher", kongNode{key: "kong.tls.cipher"}},
	{"client_verify", kongNode{key: "kong.tls.client_verify"}},
}

// kongGenAI are the parts of one proxied model call. They stand right below "ai" in 3.6, below the plugin's name in 3.7
// and 3.8, below "proxy" since 3.9.
var kongGenAI = []kongMember{
	{"meta", kongNode{prefix: genAI + "meta.", role: roleGenAI}},
	{"usage", kongNode{prefix: genAI + "usage.", role: roleGenAI}},
	{"payload", kongNode{prefix: genAI + "payload."}},
	{"cache", kongNode{prefix: genAI + "cache.", role: roleGenAI}},
}

// kongRoot is the serializer's object, for requests and for stream sessions.
var kongRoot = &kongNode{list: []kongMember{
	{"request", kongNode{prefix: "kong.request.", list: []kongMember{
		{"id", kongNode{key: "kong.request.id"}},
		{"method", kongNode{key: "http.request.method", note: noteMethod}},
		{"uri", kongNode{key: "kong.request.uri", note: noteURI}},
		{"url", kongNode{key: "kong.request.url"}},
		{"size", kongNode{key: "http.request.size"}},
		{"headers", kongNode{prefix: requestHeader, role: roleHeaders}},
		// The query of the uri once more, argument by argument, where nobody looks for secrets.
		{"querystring", kongNode{role: roleSkip}},
		{"tls", kongNode{prefix: "kong.tls.", list: kongTLS}},
	}}},
	{"response", kongNode{prefix: "kong.response.", list: []kongMember{
		{"status", kongNode{key: "http.response.status_code", note: noteStatus}},
		{"size", kongNode{key: "http.response.size"}},
		{"headers", kongNode{prefix: "http.response.header.", role: roleHeaders}},
	}}},
	{"route", kongNode{prefix: "kong.route.", role: roleNumbered, list: []kongMember{
		{"paths", kongNode{key: "kong.route.paths", role: roleNumbered, note: notePaths}},
		{"protocols", kongNode{key: "kong.route.protocols", role: roleNumbered, note: noteProtocols}},
	}}},
	{"service", kongNode{prefix: "kong.service.", role: roleNumbered}},
	{"latencies", kongNode{prefix: "kong.latency.", list: []kongMember{
		{"request", kongNode{key: "kong.latency.total", note: noteTotal}},
		{"kong", kongNode{key: "kong.latency.internal", note: noteLatency}},
		{"proxy", kongNode{key: "kong.latency.upstream", note: noteProxy}},
		{"receive", kongNode{key: "kong.latency.receive", note: noteReceive}},
		{"session", kongNode{key: "kong.latency.session"}},
	}}},
	{"tries", kongNode{key: triesKey, role: roleTries, element: &kongNode{role: roleNumbered, list: []kongMember{
		{"ip", kongNode{note: noteTryIP}},
		{"port", kongNode{note: noteTryPort}},
		{"state", kongNode{note: noteTryState}},
		{"code", kongNode{note: noteTryCode}},
	}}}},
	{"client_ip", kongNode{key: "client.address"}},
	{"started_at", kongNode{key: "kong.request.started_at", note: noteStarted}},
	{"source", kongNode{key: "kong.response.source", note: noteSource}},
	{"upstream_uri", kongNode{key: "kong.upstream.uri", note: noteUpstreamURI}},
	{"upstream_status", kongNode{key: "kong.upstream.status_code", note: noteUpstreamStatus}},
	{"workspace", kongNode{key: "kong.workspace.id"}},
	{"workspace_name", kongNode{key: "kong.workspace.name"}},
	{"correlation_id", kongNode{key: "kong.correlation_id"}},
	{"trace_id", kongNode{key: traceIDKey, prefix: traceIDKey + ".", role: roleTraceID}},
	{"consumer", kongNode{prefix: "kong.auth.consumer.", role: roleIdentity}},
	{"authenticated_entity", kongNode{prefix: "kong.auth.authenticated_entity.", role: roleIdentity}},
	{"session", kongNode{prefix: "kong.session.", list: []kongMember{
		{"received", kongNode{key: "kong.session.received", note: noteSession}},
		{"sent", kongNode{key: "kong.session.sent", note: noteSession}},
		{"status", kongNode{key: "kong.session.status", note: noteSession}},
		{"server_port", kongNode{key: "kong.session.server_port"}},
		{"tls", kongNode{prefix: "kong.tls.", list: kongTLS}},
	}}},
	{"upstream", kongNode{prefix: "kong.upstream.", list: []kongMember{
		{"received", kongNode{key: "kong.upstream.received", note: noteUpstreamReceived}},
		{"sent", kongNode{key: "kong.upstream.sent", note: noteUpstreamSent}},
	}}},
	{"ai", kongNode{prefix: genAI, role: roleGenAI, list: append([]kongMember{
		{"proxy", kongNode{prefix: genAI, role: roleGenAI, list: kongGenAI}},
		{"ai-proxy", kongNode{prefix: genAI, role: roleGenAI, list: kongGenAI}},
		{"ai-proxy-advanced", kongNode{prefix: genAI, role: roleGenAI, list: kongGenAI}},
		{"mcp", kongNode{prefix: genAI + "mcp.", role: roleGenAI, list: []kongMember{
			{"rpc", kongNode{key: genAI + "mcp.rpc", role: roleRPC, element: genAINode}},
		}}},
		{"a2a", kongNode{prefix: genAI + "a2a.", role: roleGenAI, list: []kongMember{
			{"rpc", kongNode{key: genAI + "a2a.rpc", role: roleRPC, element: genAINode}},
		}}},
	}, kongGenAI...)}},
}}
