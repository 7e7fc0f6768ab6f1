package parse

// grpcCodes are the names of the gRPC status codes in code order, in the spelling of rpc.response.status_code
// (semantic conventions 1.45.0; gRPC, doc/statuscodes.md).
var grpcCodes = [...]string{
	"OK",
	"CANCELLED",
	"UNKNOWN",
	"INVALID_ARGUMENT",
	"DEADLINE_EXCEEDED",
	"NOT_FOUND",
	"ALREADY_EXISTS",
	"PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION",
	"ABORTED",
	"OUT_OF_RANGE",
	"UNIMPLEMENTED",
	"INTERNAL",
	"UNAVAILABLE",
	"DATA_LOSS",
	"UNAUTHENTICATED",
}

// GRPCCodeName is the name of a gRPC status code, "" for a number outside 0..16.
func GRPCCodeName(code int64) string {
	if code < 0 || code >= int64(len(grpcCodes)) {
		return ""
	}
	return grpcCodes[code]
}
