package gateway

import "github.com/gatehouse-otel/gatehouse/internal/parse"

// Mode says what becomes of old attributes.
type Mode string

// Modes.
const (
	ModeReplace   Mode = "replace"   // old attributes are removed
	ModeDuplicate Mode = "duplicate" // old attributes stay beside the new ones, with secrets hidden
)

// SpanNames says what becomes of span names.
type SpanNames string

// Span name settings.
const (
	SpanNamesConvention SpanNames = "convention" // names the gateway gave by itself are replaced
	SpanNamesKeep       SpanNames = "keep"
)

// SpanStatus says what becomes of span status and error.type.
type SpanStatus string

// Span status settings.
const (
	SpanStatusConvention SpanStatus = "convention" // an unset status is filled by the HTTP and RPC rules
	SpanStatusKeep       SpanStatus = "keep"
)

// BodySizeAs says what the old content length attributes become: the official sources disagree.
type BodySizeAs string

// Body size settings.
const (
	BodySizeAttribute BodySizeAs = "body_size" // http.request.body.size (int): schema file, HTTP migration guide
	BodySizeHeader    BodySizeAs = "header"    // http.request.header.content-length (string[]): registry
)

// Content says what becomes of prompts and completions.
type Content string

// Content settings.
const (
	ContentKeep    Content = "keep"    // as sent
	ContentDrop    Content = "drop"    // removed, wherever a gateway puts them
	ContentConvert Content = "convert" // gen_ai.input.messages, gen_ai.output.messages
)

// LogBodies says what becomes of access log lines in log bodies.
type LogBodies string

// Log body settings.
const (
	LogBodiesParse LogBodies = "parse" // fields become attributes, the body stays with secrets hidden
	LogBodiesKeep  LogBodies = "keep"
)

// Options are the user's choices. The zero value is not usable; start from DefaultOptions.
type Options struct {
	Mode       Mode
	SpanNames  SpanNames
	SpanStatus SpanStatus
	BodySizeAs BodySizeAs
	Content    Content
	LogBodies  LogBodies
	// KnownMethods are the HTTP methods that are not _OTHER.
	KnownMethods []string
	// SensitiveQuery are the query parameters whose values are hidden, compared without case when
	// SensitiveQueryFoldCase is set.
	SensitiveQuery         []string
	SensitiveQueryFoldCase bool
	// SensitiveHeaders are header names whose values are hidden in header attributes.
	SensitiveHeaders []string
	// DashedHeaders are header names that old attributes spell with '_' for '-'.
	DashedHeaders []string
	// Optional are the switches of rules that are off by default, see Rule.Option.
	Optional []string
}

// DefaultKnownMethods are the methods of semantic conventions 1.45.0, http.request.method.
var DefaultKnownMethods = []string{
	"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE",
}

// DefaultSensitiveHeaders carry credentials.
var DefaultSensitiveHeaders = []string{
	"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "apikey",
	"x-goog-api-key", "x-amz-security-token",
}

// DefaultDashedHeaders are the headers whose old attribute names are known to mean a dash by '_'; for any
// other name that is a guess.
var DefaultDashedHeaders = []string{
	"accept-encoding", "accept-language", "cache-control", "content-encoding", "content-length", "content-type",
	"user-agent", "x-envoy-original-path", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
	"x-request-id", "x-real-ip",
}

// DefaultOptions returns the settings of an empty configuration.
func DefaultOptions() Options {
	return Options{
		Mode:             ModeReplace,
		SpanNames:        SpanNamesConvention,
		SpanStatus:       SpanStatusConvention,
		BodySizeAs:       BodySizeAttribute,
		Content:          ContentKeep,
		LogBodies:        LogBodiesParse,
		KnownMethods:     DefaultKnownMethods,
		SensitiveQuery:   parse.DefaultSensitiveQuery,
		SensitiveHeaders: DefaultSensitiveHeaders,
		DashedHeaders:    DefaultDashedHeaders,
	}
}
