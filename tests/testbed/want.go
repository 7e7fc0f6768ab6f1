package testbed

import (
	"fmt"
	"maps"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Attributes are wanted attributes by name: a string, int, float64, bool, []string, or a Matcher for a value that is known
// only in part. What is not named may not be there.
type Attributes map[string]any

// With returns a copy with more attributes, which win over those of the same name. A nil value takes the name away.
func (a Attributes) With(more Attributes) Attributes {
	all := make(Attributes, len(a)+len(more))
	maps.Copy(all, a)
	maps.Copy(all, more)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}

// Matcher says what is wrong with a value, or "" if nothing is. The value is as pcommon.Value.AsRaw gives it.
type Matcher func(value any) string

// Numbers whose value no test can know.
var (
	// Count is an int of 0 or more.
	Count Matcher = func(v any) string {
		if n, ok := v.(int64); !ok || n < 0 {
			return fmt.Sprintf("want an int of 0 or more, have %T %v", v, v)
		}
		return ""
	}
	// Seconds is a duration that may be 0 as well: gateways count in milliseconds.
	Seconds Matcher = func(v any) string {
		if d, ok := v.(float64); !ok || d < 0 || d > 60 {
			return fmt.Sprintf("want a double between 0 and 60, have %T %v", v, v)
		}
		return ""
	}
	// Port is an int between 1 and 65535.
	Port Matcher = func(v any) string {
		if p, ok := v.(int64); !ok || p < 1 || p > 65535 {
			return fmt.Sprintf("want a port number, have %T %v", v, v)
		}
		return ""
	}
)

// Matches is a string that the regular expression matches as a whole.
func Matches(pattern string) Matcher {
	re := regexp.MustCompile("^(?:" + pattern + ")$")
	return func(v any) string {
		if s, ok := v.(string); !ok || !re.MatchString(s) {
			return fmt.Sprintf("want a string like %s, have %T %v", pattern, v, v)
		}
		return ""
	}
}

// One is an array with one element that the matcher accepts.
func One(element Matcher) Matcher {
	return func(v any) string {
		if list, ok := v.([]any); ok && len(list) == 1 {
			return element(list[0])
		}
		return fmt.Sprintf("want an array of one element, have %T %v", v, v)
	}
}

// IP is an IP address as a string.
var IP Matcher = func(v any) string {
	if s, ok := v.(string); !ok || net.ParseIP(s) == nil {
		return fmt.Sprintf("want an IP address, have %T %v", v, v)
	}
	return ""
}

// UUID is a string such as Envoy's x-request-id.
var UUID = Matches(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// diff describes every difference, sorted by name.
func (a Attributes) diff(where string, got pcommon.Map) []string {
	raw := got.AsRaw()
	var faults []string
	for name, want := range a {
		value, ok := raw[name]
		if !ok {
			faults = append(faults, fmt.Sprintf("%s %s is missing", where, name))
			continue
		}
		if match, ok := want.(Matcher); ok {
			if fault := match(value); fault != "" {
				faults = append(faults, fmt.Sprintf("%s %s: %s", where, name, fault))
			}
		} else if !reflect.DeepEqual(asRaw(want), value) {
			faults = append(faults, fmt.Sprintf("%s %s: want %T %v, have %T %v", where, name, want, want, value, value))
		}
	}
	for name, value := range raw {
		if _, ok := a[name]; !ok {
			faults = append(faults, fmt.Sprintf("%s %s was not expected: %T %v", where, name, value, value))
		}
	}
	slices.Sort(faults)
	return faults
}

// asRaw turns what a test writes into what pcommon.Value.AsRaw returns.
func asRaw(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case []string:
		raw := make([]any, len(v))
		for i, s := range v {
			raw[i] = s
		}
		return raw
	}
	return v
}

// WantSpan is a span as it has to leave the pipeline. Resource is not looked at when nil.
type WantSpan struct {
	Name       string
	Kind       ptrace.SpanKind
	Status     ptrace.StatusCode
	Attributes Attributes
	Resource   Attributes
}

// Check compares the whole of the span with what is wanted and prints it before and after where it differs.
func (w WantSpan) Check(tb testing.TB, p Pair[SpanItem]) {
	tb.Helper()
	if p.Before == nil || p.After == nil {
		tb.Errorf("span %q did not come through", w.Name)
		return
	}
	var faults []string
	if name := p.After.Name(); name != w.Name {
		faults = append(faults, fmt.Sprintf("name: want %q, have %q", w.Name, name))
	}
	if kind := p.After.Kind(); kind != w.Kind {
		faults = append(faults, fmt.Sprintf("kind: want %s, have %s", w.Kind, kind))
	}
	if code := p.After.Status().Code(); code != w.Status {
		faults = append(faults, fmt.Sprintf("status: want %s, have %s", w.Status, code))
	}
	faults = append(faults, w.Attributes.diff("attribute", p.After.Attributes())...)
	if w.Resource != nil {
		faults = append(faults, w.Resource.diff("resource attribute", p.After.Resource.Attributes())...)
	}
	fail(tb, "span "+w.Name, faults, p.Before.lines, p.After.lines)
}

// AnyTraceID stands for a trace id that the gateway made.
const AnyTraceID = "any"

// WantRecord is a log record as it has to leave the pipeline. Resource is not looked at when nil, the body when "".
type WantRecord struct {
	TraceID    string // hex, "" for none, or AnyTraceID
	Severity   plog.SeverityNumber
	Body       string
	Attributes Attributes
	Resource   Attributes
}

// Check compares the whole of the record with what is wanted and prints it before and after where it differs.
func (w WantRecord) Check(tb testing.TB, p Pair[RecordItem]) {
	tb.Helper()
	if p.Before == nil || p.After == nil {
		tb.Errorf("log record did not come through")
		return
	}
	var faults []string
	if id := p.After.TraceID().String(); id != w.TraceID && (w.TraceID != AnyTraceID || id == "") {
		faults = append(faults, fmt.Sprintf("trace id: want %q, have %q", w.TraceID, id))
	}
	if severity := p.After.SeverityNumber(); severity != w.Severity {
		faults = append(faults, fmt.Sprintf("severity: want %s, have %s", w.Severity, severity))
	}
	if body := p.After.Body().AsString(); w.Body != "" && body != w.Body {
		faults = append(faults, fmt.Sprintf("body: want %q, have %q", w.Body, body))
	}
	faults = append(faults, w.Attributes.diff("attribute", p.After.Attributes())...)
	if w.Resource != nil {
		faults = append(faults, w.Resource.diff("resource attribute", p.After.Resource.Attributes())...)
	}
	fail(tb, "log record", faults, p.Before.lines, p.After.lines)
}

func fail(tb testing.TB, what string, faults, before, after []string) {
	tb.Helper()
	if len(faults) == 0 {
		return
	}
	tb.Errorf("%s:\n- %s\n%s", what, strings.Join(faults, "\n- "), sideBySide(before, after))
}
