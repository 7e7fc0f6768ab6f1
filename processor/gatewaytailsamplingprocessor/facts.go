package gatewaytailsamplingprocessor

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/otel"
)

// rank says how well an item knows the request of its trace as the gateway saw it. What the highest says counts.
type rank uint8

const (
	rankNone   rank = iota
	rankSpan        // any span
	rankServer      // a server span with a parent, of somebody who is no known gateway
	rankLog         // an access log record
	rankEntry       // a gateway's server span with a parent: a browser, a CDN or a gateway in front
	rankRoot        // a server span without a parent
)

// Flags of OTLP spans that tell where the parent is (opentelemetry-proto v1.10.0, SpanFlags).
const (
	flagHasIsRemote = 0x100
	flagIsRemote    = 0x200
)

// envoyResponseFlags is Envoy's own word, for which there is no convention; it is on spans and access log records.
const envoyResponseFlags = "response_flags"

// facts are what rules can ask about one item. Texts are views into the item.
type facts struct {
	rank          rank
	log           bool
	failed        bool // see MatchConfig.Error
	askedInVain   bool // an OTTL condition failed
	endsBefore    bool // the span ends before it starts: it has no duration
	status        int64
	tokens        int64
	bytes         int // about, as OTLP
	duration      time.Duration
	start, end    uint64 // ns; of a log record its time
	texts         [textCount]string
	responseModel string
	randomness    string // of a log record: sampling.randomness
	threshold     string // of a log record: sampling.threshold
	span          ptrace.Span
	record        plog.LogRecord
	origin        *originFacts
}

// text names one of the texts in facts.
type text uint8

const (
	textMethod text = iota
	textPath
	textHost
	textUserAgent
	textRoute
	textGateway
	textGatewayNamespace
	textListener
	textUpstream
	textResponseFlags
	textGRPCStatus
	textModel
	textCount
)

// originFacts are what the items of one scope have in common.
type originFacts struct {
	gateway                   bool // the scope or resource is a known gateway's
	service, serviceNamespace string
	resource                  pcommon.Resource
	spans                     ptrace.ScopeSpans
	resourceSpans             ptrace.ResourceSpans
	records                   plog.ScopeLogs
	resourceLogs              plog.ResourceLogs
}

// evidence of known gateways that gateway_semconv leaves in place: scopes and resources.
var evidence = gatewayEvidence()

func gatewayEvidence() []gateway.Evidence {
	var list []gateway.Evidence
	for _, p := range builtin.Profiles() {
		if p.ID == otel.Profile.ID { // anybody who speaks the conventions
			continue
		}
		for _, e := range p.Detect {
			if e.And == nil && (e.In == gateway.InScope || e.In == gateway.InResource) {
				list = append(list, e)
			}
		}
	}
	return list
}

func (o *originFacts) read(resource pcommon.Resource, scope pcommon.InstrumentationScope) {
	o.resource = resource
	o.service, o.serviceNamespace = "", ""
	if v, ok := resource.Attributes().Get(serviceName); ok {
		o.service = v.Str()
	}
	if v, ok := resource.Attributes().Get(serviceNamespace); ok {
		o.serviceNamespace = v.Str()
	}
	o.gateway = false
	for i := range evidence {
		e := &evidence[i]
		value := scope.Name()
		if e.In == gateway.InResource {
			v, ok := resource.Attributes().Get(e.Key)
			if !ok {
				continue
			}
			value = v.Str()
		}
		switch {
		case e.Equal != "" && value == e.Equal,
			e.Prefix != "" && strings.HasPrefix(value, e.Prefix),
			e.Equal == "" && e.Prefix == "" && value != "":
			o.gateway = true
			return
		}
	}
}

const (
	serviceName      = "service.name"
	serviceNamespace = "service.namespace"
)

// readSpan takes what rules can ask from a span.
func (f *facts) readSpan(o *originFacts, span ptrace.Span) {
	*f = facts{span: span, origin: o, rank: rankSpan}
	f.start, f.end = uint64(span.StartTimestamp()), uint64(span.EndTimestamp())
	if f.end < f.start {
		f.endsBefore = true
		f.end = f.start
	}
	f.duration = time.Duration(min(f.end-f.start, 1<<63-1))
	ours, _ := f.readAttributes(span.Attributes())
	if span.Kind() == ptrace.SpanKindServer {
		flags := span.Flags()
		remote := flags&flagHasIsRemote == 0 || flags&flagIsRemote != 0
		switch {
		case span.ParentSpanID().IsEmpty():
			f.rank = rankRoot
		case (ours || o.gateway) && remote:
			f.rank = rankEntry
		default:
			f.rank = rankServer
		}
	}
	if span.Status().Code() == ptrace.StatusCodeError {
		// The conventions make a client span that was answered with 404 an error. To the gateway it is an answer.
		f.failed = span.Kind() != ptrace.SpanKindClient || f.status < 400 || f.status >= 500
	}
	f.failed = f.failed || f.status >= 500
	f.complete()
}

// readLogRecord takes what rules can ask from a log record.
func (f *facts) readLogRecord(o *originFacts, lr plog.LogRecord) {
	*f = facts{record: lr, origin: o, log: true}
	f.start = uint64(lr.Timestamp())
	if f.start == 0 {
		f.start = uint64(lr.ObservedTimestamp())
	}
	_, errorType := f.readAttributes(lr.Attributes())
	f.end = f.start + uint64(f.duration)
	if f.status != 0 || f.texts[textMethod] != "" {
		f.rank = rankLog
	}
	f.failed = errorType || f.status >= 500 || lr.SeverityNumber() >= plog.SeverityNumberError
	f.complete()
}

// readAttributes reports whether the project's own attributes are among them, and error.type.
func (f *facts) readAttributes(m pcommon.Map) (ours, errorType bool) {
	var routeName, routeID, backend, serviceHost string
	for key, v := range m.All() {
		switch key {
		case attrs.HTTPResponseStatusCode:
			f.status = v.Int()
		case attrs.HTTPRequestMethod:
			f.texts[textMethod] = v.Str()
		case attrs.HTTPRoute:
			f.texts[textRoute] = v.Str()
		case attrs.URLPath:
			f.texts[textPath] = v.Str()
		case attrs.ServerAddress:
			f.texts[textHost] = v.Str()
		case attrs.UserAgentOriginal:
			f.texts[textUserAgent] = v.Str()
		case attrs.ErrorType:
			errorType = true
		case attrs.RPCStatusCode:
			f.texts[textGRPCStatus] = v.Str()
		case attrs.GenAIRequestModel:
			f.texts[textModel] = v.Str()
		case attrs.GenAIResponseModel:
			f.responseModel = v.Str()
		case attrs.GenAIUsageInputTokens, attrs.GenAIUsageOutputTokens:
			f.tokens += v.Int()
		case envoyResponseFlags:
			f.texts[textResponseFlags] = v.Str()
		case attrs.GatewayName:
			f.texts[textGateway] = v.Str()
		case attrs.GatewayNamespace:
			f.texts[textGatewayNamespace] = v.Str()
		case attrs.GatewayListenerName:
			f.texts[textListener] = v.Str()
		case attrs.GatewayRouteName:
			routeName = v.Str()
		case attrs.GatewayRouteID:
			routeID = v.Str()
		case attrs.GatewayUpstreamServiceName:
			f.texts[textUpstream] = v.Str()
		case attrs.GatewayUpstreamBackendName:
			backend = v.Str()
		case attrs.GatewayUpstreamServiceHost:
			serviceHost = v.Str()
		case logRandomness:
			f.randomness = v.Str()
		case logThreshold:
			f.threshold = v.Str()
		case attrs.GatewayRequestDuration:
			if f.log && v.Double() > 0 && v.Double() < maxDurationSeconds {
				f.duration = time.Duration(v.Double() * float64(time.Second))
			}
		default:
			ours = ours || strings.HasPrefix(key, ownPrefix)
			continue
		}
		ours = ours || strings.HasPrefix(key, ownPrefix)
	}
	or(&f.texts[textRoute], routeName, routeID)
	or(&f.texts[textUpstream], backend, serviceHost)
	return ours, errorType
}

const (
	// ownPrefix begins every attribute that this project defines (internal/attrs).
	ownPrefix = "gateway."
	// maxDurationSeconds is more than any request takes; what is longer is no duration.
	maxDurationSeconds = 1e9
)

// complete fills what the item does not say from what it says otherwise.
func (f *facts) complete() {
	or(&f.texts[textGateway], f.origin.service, "")
	or(&f.texts[textGatewayNamespace], f.origin.serviceNamespace, "")
	or(&f.texts[textModel], f.responseModel, "")
	// A route is what keys tell requests apart by. Envoy knows no route template, but the service behind it.
	or(&f.texts[textRoute], f.texts[textUpstream], "")
}

// or fills an empty text.
func or(s *string, first, second string) {
	if *s == "" {
		*s = first
	}
	if *s == "" {
		*s = second
	}
}

// statusClass is 1xx to 5xx, or none.
func (f *facts) statusClass() string {
	if f.status >= 100 && f.status <= 599 {
		return statusClasses[f.status/100-1]
	}
	return statusClasses[len(statusClasses)-1]
}

var statusClasses = []string{"1xx", "2xx", "3xx", "4xx", "5xx", "none"}
