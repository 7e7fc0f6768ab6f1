package gateway

// Reason says why an attribute, a line or an item could not be brought to the conventions. It is a closed set:
// it becomes a metric attribute.
type Reason uint8

// Reasons.
const (
	ReasonNumber   Reason = iota // not a number where one belongs, or out of range
	ReasonStatus                 // not an HTTP or gRPC status code
	ReasonURL                    // not a URL or request target
	ReasonAddress                // not an address, or a bad port
	ReasonProtocol               // an unknown protocol version
	ReasonTime                   // not a timestamp or duration
	ReasonTraceID                // not a trace id, span id or traceparent
	ReasonJSON                   // not the JSON it should be
	ReasonLine                   // not the access log line its beginning promised
	ReasonType                   // a value of a type that no gateway is known to send there
	ReasonTooMany                // more attributes than are looked at
	ReasonCount
)

var reasonNames = [ReasonCount]string{
	"number", "status", "url", "address", "protocol", "time", "trace_id", "json", "line", "type", "too_many",
}

// String returns the reason as metrics show it.
func (r Reason) String() string { return reasonNames[r] }

// Stats is what happened to one batch, an entry per gateway that was seen in it.
type Stats []Count

// Count is what happened to the items of one gateway.
type Count struct {
	Gateway ID
	// Rewritten and Unchanged count items.
	Rewritten, Unchanged int
	// Unparseable counts values, at most one per item and reason.
	Unparseable [ReasonCount]int
	// Conflicts counts attributes whose old and new name were both there with different values.
	Conflicts int
	// Repaired counts strings that were not valid UTF-8.
	Repaired int
}

// of returns the entry of a gateway; it stays valid until the next call.
func (s *Stats) of(id ID) *Count {
	for i := range *s {
		if (*s)[i].Gateway == id {
			return &(*s)[i]
		}
	}
	*s = append(*s, Count{Gateway: id})
	return &(*s)[len(*s)-1]
}
