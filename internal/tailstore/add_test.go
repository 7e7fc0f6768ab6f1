package tailstore

import (
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// AddSpan puts a span and attaches it at once.
func (s *Store[S]) AddSpan(now time.Time, from Origin, span ptrace.Span) (Ref, error) {
	var puts Puts
	if err := s.PutSpan(&puts, from, span); err != nil {
		return 0, err
	}
	return s.Attach(now, TraceID(span.TraceID()), puts.Items[0]), nil
}

// AddLogRecord is AddSpan for a log record.
func (s *Store[S]) AddLogRecord(now time.Time, from Origin, lr plog.LogRecord) (Ref, error) {
	var puts Puts
	if err := s.PutLogRecord(&puts, from, lr); err != nil {
		return 0, err
	}
	return s.Attach(now, TraceID(lr.TraceID()), puts.Items[0]), nil
}

// SpanOrigin interns where the spans of a scope come from.
func (s *Store[S]) SpanOrigin(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans) (Origin, error) {
	return s.Origin(new(ScopeWriter).Spans(rs, ss))
}

// LogOrigin is SpanOrigin for log records.
func (s *Store[S]) LogOrigin(rl plog.ResourceLogs, sl plog.ScopeLogs) (Origin, error) {
	return s.Origin(new(ScopeWriter).LogRecords(rl, sl))
}
