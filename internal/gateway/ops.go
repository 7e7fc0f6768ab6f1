package gateway

// Op is what a rule does with an attribute's value.
type Op uint8

// Operations. "Absent" below means that the attribute is removed without being counted as unparseable; a
// value that an operation cannot read leaves the attribute as it was and is counted.
const (
	// OpRename moves the value unchanged to To[0].
	OpRename Op = iota
	// OpText is OpRename; an empty string is absent.
	OpText
	// OpKeep leaves the attribute alone; it stands in the tables so that nobody renames it.
	OpKeep
	// OpDrop removes the attribute: it has no successor.
	OpDrop
	// OpDropAbsent removes the attribute when its value is an absence (see Rule.Dash), else keeps it.
	OpDropAbsent
	// OpDropIfSum removes a token total when it equals input plus output tokens.
	OpDropIfSum
	// OpLower lower-cases a string.
	OpLower
	// OpInt makes an int of an int, an integral double or a decimal string.
	OpInt
	// OpIntNonzero is OpInt; 0 is absent.
	OpIntNonzero
	// OpIntNotOne is OpInt; 1 is absent.
	OpIntNotOne
	// OpTry is OpInt for a 1-based number of tries: the result is one less, and 0 is absent.
	OpTry
	// OpSize is OpInt for a size in bytes; a negative one is absent.
	OpSize
	// OpPort is OpInt for a port; 0 is absent, above 65535 unparseable.
	OpPort
	// OpDouble makes a double of a number or a decimal string.
	OpDouble
	// OpString makes a string of any scalar.
	OpString
	// OpBool makes a bool of a bool, "true" or "false".
	OpBool
	// OpBoolTrue is OpBool; false is absent.
	OpBoolTrue
	// OpStrings wraps a scalar into an array of one string.
	OpStrings
	// OpSplit splits a string at commas and spaces into an array of strings.
	OpSplit
	// OpMap replaces the value by Rule.Values.
	OpMap
	// OpSeconds, OpMillis, OpMicros, OpNanos make a double in seconds of a number in that unit; a negative one
	// is absent.
	OpSeconds
	OpMillis
	OpMicros
	OpNanos
	// OpDuration makes a double in seconds of a text with its unit, "3165ms".
	OpDuration

	// OpMethod normalizes an HTTP method: To[0] the known one or _OTHER, To[1] the original when it differs.
	OpMethod
	// OpStatus makes an HTTP status code, 100 to 599. 0 and "-" say that there was no response.
	OpStatus
	// OpLastStatus makes an int of a status code or of the last one in a list such as "502, 200".
	OpLastStatus
	// OpFlavor splits a protocol: To[0] network.protocol.name unless it is http, To[1] the version.
	OpFlavor
	// OpURL splits an absolute URL on server items, or redacts it into url.full on all others.
	OpURL
	// OpTarget splits a request target into url.path and url.query.
	OpTarget
	// OpQuery redacts a query string and drops an empty one.
	OpQuery
	// OpHostPort splits "host:port" into To[0] and To[1].
	OpHostPort
	// OpPeer is OpHostPort for a socket's peer. On a client item an address without a port is not the server's: it is
	// the address of whoever sent the request, To[2].
	OpPeer
	// OpFirstIP takes the left-most address of a forwarded-for list.
	OpFirstIP
	// OpAddress is a bare address; a port inside it moves to To[1].
	OpAddress
	// OpIPv4 is an address as dotted quad or as an int32.
	OpIPv4
	// OpHeader is a header attribute: lower-case name, array of strings.
	OpHeader
	// OpTemplate renames "prefix.<key>" to To[0] with the same rest.
	OpTemplate
	// OpTemplateStrings is OpTemplate with an array of strings as value.
	OpTemplateStrings

	// OpRPCService and OpRPCMethod join rpc.service and rpc.method to "service/method".
	OpRPCService
	OpRPCMethod
	// OpGRPCPath makes rpc.method of ":path", and rpc.system.name=grpc.
	OpGRPCPath
	// OpGRPCCode makes rpc.status_code, a name, of a gRPC status number.
	OpGRPCCode
	// OpGRPCOther is rpc.method, where "other" means _OTHER.
	OpGRPCOther
	// OpGRPCTarget splits a gRPC target string into To[0] and To[1].
	OpGRPCTarget
	// OpGRPCMessage is the status message of an RPC that failed, else rpc.response.trailer.grpc-message.
	OpGRPCMessage

	// OpError reads an error flag, or an error text, into the span's status.
	OpError
	// OpErrorText is a gateway's own words about an error: status message of a failed span, and To[0].
	OpErrorText
	// OpErrorType is evidence for error.type when no code tells: Envoy's response flags and reset reasons,
	// a gateway's reason. The value moves to To[0] if there is one, else stays.
	OpErrorType
	// OpCanceled is Envoy's canceled tag: the gateway itself gave the attempt up.
	OpCanceled
	// OpStatusMessage fills an empty status message of a failed span.
	OpStatusMessage
	// OpStatusCode fills the status code from "OK" or "ERROR".
	OpStatusCode
	// OpSpanKind fills an unspecified span kind.
	OpSpanKind
	// OpScopeName, OpScopeVersion fill an empty scope.
	OpScopeName
	OpScopeVersion
	// OpEventName, OpEventDomain fill a log record's event name.
	OpEventName
	OpEventDomain
	// OpTraceID, OpSpanID, OpTraceparent fill a record's empty ids; equal ones are removed.
	OpTraceID
	OpSpanID
	OpTraceparent
	// OpTime fills a log record's empty time from RFC 3339 text. OpTimeMicros reads agentgateway's form of it,
	// whose fraction is microseconds without zero padding. OpTimeSeconds, OpTimeMillis and OpTimeNanos read a
	// number since the epoch. On spans they leave the attribute alone.
	OpTime
	OpTimeMicros
	OpTimeSeconds
	OpTimeMillis
	OpTimeNanos

	// OpPattern takes parts out of the value by the profile's patterns. The attribute stays when Keep is set
	// or no pattern matched.
	OpPattern

	// OpDBName, OpDBInstance join db.name and db.mssql.instance_name to "instance|name".
	OpDBName
	OpDBInstance
	// OpDBInstanceID is elasticsearch.node.name when the system is Elasticsearch, else kept.
	OpDBInstanceID
	// OpConnString takes host and port out of a connection string and forgets the rest: it may hold a
	// password.
	OpConnString
	// OpCodeNamespace and OpCodeFunction join code.namespace and code.function.
	OpCodeNamespace
	OpCodeFunction

	// OpContent is prompt or completion text: Options.Content decides. To[0] is gen_ai.input.messages,
	// gen_ai.output.messages, gen_ai.tool.definitions, or "" for text that is only ever kept or dropped.
	OpContent
	// OpModelName is a model name that may be the requested one or the one that answered, see
	// SpanFacts.RequestedModelInParams.
	OpModelName
	// OpParams takes known model parameters out of a JSON object.
	OpParams
	// OpUsage takes token counts out of a JSON object.
	OpUsage
	// OpJSONRPCError is a JSON-RPC error code: rpc.status_code as text, and the call failed.
	OpJSONRPCError
	// OpMCPType is mcp.resource.type: kept, it decides what OpMCPResource does.
	OpMCPType
	// OpMCPResource is a resource name whose target depends on mcp.resource.type.
	OpMCPResource
	// OpTraceloopEntity is an entity name whose target depends on traceloop.span.kind.
	OpTraceloopEntity
	// OpTimeToFirst is a timestamp, made the seconds since the span's start.
	OpTimeToFirst

	opCount
)

// opTargets is how many targets an operation needs at least.
var opTargets = [opCount]int{
	OpRename: 1, OpText: 1, OpLower: 1, OpInt: 1, OpIntNonzero: 1, OpIntNotOne: 1, OpTry: 1, OpSize: 1, OpPort: 1, OpDouble: 1,
	OpString: 1, OpBool: 1, OpStrings: 1, OpSplit: 1, OpMap: 1, OpSeconds: 1, OpMillis: 1, OpMicros: 1, OpNanos: 1,
	OpDuration: 1, OpMethod: 1, OpStatus: 1, OpFlavor: 1, OpURL: 1, OpTarget: 1, OpQuery: 1, OpHostPort: 1, OpPeer: 3,
	OpFirstIP: 1, OpAddress: 1, OpIPv4: 1, OpHeader: 1, OpTemplate: 1, OpTemplateStrings: 1, OpGRPCPath: 1,
	OpGRPCCode: 1, OpGRPCOther: 1, OpGRPCTarget: 1, OpErrorText: 1, OpConnString: 1, OpTimeToFirst: 1, OpModelName: 1, OpJSONRPCError: 1, OpBoolTrue: 1, OpLastStatus: 1,
}
