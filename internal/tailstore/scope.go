package tailstore

import (
	"encoding/binary"
	"errors"
	"hash/maphash"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"
)

// Scope is what an Origin stands for, in the form in which any store can look it up. It is written once for the items of
// a scope, whatever stores they go to. The zero value is none.
type Scope struct {
	// blob is the signal, the length of the resource's part as a varint, that part, and the scope's part, the parts as
	// OTLP fields of ResourceSpans and ScopeSpans, or of ResourceLogs and ScopeLogs, which have the same numbers.
	blob []byte
	hash uint64
}

// IsZero reports whether the scope is none.
func (s Scope) IsZero() bool { return s.blob == nil }

// ScopeWriter writes scopes, which hold until Reset.
type ScopeWriter struct {
	any anyWriter
	buf []byte
}

// scopeSeed is one for all stores, so that a scope is hashed once.
var scopeSeed = maphash.MakeSeed()

// Fields of ResourceSpans, ScopeSpans, Resource, InstrumentationScope and EntityRef.
const (
	envelopeOf, envelopeItems, envelopeSchema                     = 1, 2, 3
	resourceAttributes, resourceDropped, resourceEntities         = 1, 2, 3
	scopeName, scopeVersion, scopeAttributes, scopeDropped        = 1, 2, 3, 4
	entitySchema, entityType, entityIDKeys, entityDescriptionKeys = 1, 2, 3, 4
)

// Spans writes the scope of spans.
func (w *ScopeWriter) Spans(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans) Scope {
	return w.write(SignalTraces, rs.Resource(), rs.SchemaUrl(), ss.Scope(), ss.SchemaUrl())
}

// LogRecords writes the scope of log records.
func (w *ScopeWriter) LogRecords(rl plog.ResourceLogs, sl plog.ScopeLogs) Scope {
	return w.write(SignalLogs, rl.Resource(), rl.SchemaUrl(), sl.Scope(), sl.SchemaUrl())
}

// Reset forgets what was written.
func (w *ScopeWriter) Reset() {
	w.buf = w.buf[:0]
	if cap(w.buf) > scratchKept {
		w.buf = nil
	}
	w.any.shrink()
}

func (w *ScopeWriter) write(signal Signal, resource pcommon.Resource, resourceSchema string,
	scope pcommon.InstrumentationScope, scopeSchema string,
) Scope {
	// The length of what follows stands in front of it, so the parts are written first and moved behind it.
	start := len(w.buf)
	part := w.any.appendAttributes(w.buf, resourceAttributes, resource.Attributes())
	part = appendOptionalVarint(part, resourceDropped, uint64(resource.DroppedAttributesCount()))
	part = appendEntities(part, entity.ResourceEntityRefs(resource))
	content := len(part)
	part = appendText(part, envelopeOf, part[start:content])
	part = appendOptionalText(part, envelopeSchema, resourceSchema)
	resourceEnd := len(part)

	part = appendOptionalText(part, scopeName, scope.Name())
	part = appendOptionalText(part, scopeVersion, scope.Version())
	part = w.any.appendAttributes(part, scopeAttributes, scope.Attributes())
	part = appendOptionalVarint(part, scopeDropped, uint64(scope.DroppedAttributesCount()))
	scopeEnd := len(part)
	part = append(part, byte(signal))
	part = appendUvarint(part, uint64(resourceEnd-content))
	part = append(part, part[content:resourceEnd]...)
	part = appendText(part, envelopeOf, part[resourceEnd:scopeEnd])
	part = appendOptionalText(part, envelopeSchema, scopeSchema)
	end := start + copy(part[start:], part[scopeEnd:])
	w.buf = part[:end]
	blob := part[start:end:end]
	return Scope{blob: blob, hash: maphash.Bytes(scopeSeed, blob)}
}

func appendEntities(dst []byte, refs entity.EntityRefSlice) []byte {
	for _, ref := range refs.All() {
		var one []byte
		one = appendOptionalText(one, entitySchema, ref.SchemaUrl())
		one = appendOptionalText(one, entityType, ref.Type())
		for _, key := range ref.IdKeys().All() {
			one = appendText(one, entityIDKeys, key)
		}
		for _, key := range ref.DescriptionKeys().All() {
			one = appendText(one, entityDescriptionKeys, key)
		}
		dst = appendText(dst, resourceEntities, one)
	}
	return dst
}

// errOrigin is returned for a blob that encode cannot have written.
var errOrigin = errors.New("stored origin is corrupt")

// split returns the parts of a blob.
func split(blob []byte) (signal Signal, resource, scope []byte, err error) {
	if len(blob) == 0 {
		return 0, nil, nil, errOrigin
	}
	n, w := binary.Uvarint(blob[1:])
	if w <= 0 || n > uint64(len(blob)-1-w) {
		return 0, nil, nil, errOrigin
	}
	rest := blob[1+w:]
	return Signal(blob[0]), rest[:n], rest[n:], nil
}
