package gateway

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// finishName replaces a name the gateway gave by itself: `{method} {route}` or `{method}` for HTTP (semantic
// conventions 1.45.0, http-spans "Name"), the method for RPC, `{operation} {model}` for a model call. A name
// an operator chose stays.
func (w *work) finishName(span ptrace.Span) {
	if w.p.generic {
		return
	}
	if w.e.opts.SpanNames != SpanNamesKeep {
		w.betterName(span)
	}
	w.rename(span, w.cleanText(span.Name())) // a raw path keeps its place, not its secrets
}

func (w *work) betterName(span ptrace.Span) {
	name := span.Name()
	if slices.Contains(w.p.genAI, name) {
		if operation := w.text(slotOperation); operation != "" {
			w.rename(span, join(operation, w.text(slotRequestModel)))
		}
		return
	}
	if matchName(w.p.names, name) || w.rawPathName(name) || w.hostName(name) || w.unknownMethod(name) {
		if method, target := w.conventionName(); method != "" && !isJoin(name, method, target) {
			w.rename(span, join(method, target))
		}
	}
}

// cleanText hides secrets in a text that may hold a URL: userinfo ends in '@', a parameter's name in '='.
func (w *work) cleanText(s string) string {
	if strings.IndexByte(s, '@') >= 0 || strings.IndexByte(s, '=') >= 0 {
		s, _ = w.e.redact.Text(s)
	}
	return s
}

func (w *work) rename(span ptrace.Span, name string) {
	if span.Name() != name {
		span.SetName(name)
		w.changed = true
	}
}

// conventionName returns the two parts of the name; "" when the item does not say enough: it then stays.
func (w *work) conventionName() (method, target string) {
	if method = w.text(slotRPCMethod); method != "" && method != otherMethod {
		return method, ""
	}
	switch method = w.text(slotMethod); method {
	case "":
		return "", ""
	case otherMethod:
		method = "HTTP"
	}
	if w.kind == ptrace.SpanKindServer {
		target = w.text(slotRoute)
	}
	return method, target
}

// isJoin is name == join(a, b) without building it.
func isJoin(name, a, b string) bool {
	if b == "" {
		return name == a
	}
	return len(name) == len(a)+1+len(b) && strings.HasPrefix(name, a) && name[len(a)] == ' ' && strings.HasSuffix(name, b)
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + " " + b
}

// rawPathName tells a name made of the request's own path, which has no bound on its values.
func (w *work) rawPathName(name string) bool {
	if !w.p.Spans.RawPathNames || w.kind != ptrace.SpanKindServer || !w.seen.rawNames {
		return false
	}
	method := w.text(slotMethodOriginal)
	if method == "" {
		method = w.text(slotMethod)
	}
	if rest, ok := strings.CutPrefix(name, method); ok && method != "" && len(rest) > 1 && rest[0] == ' ' {
		name = rest[1:]
	}
	return strings.HasPrefix(name, "/") &&
		(name == w.ev.rawTarget || name == w.text(slotPath) || strings.IndexByte(name, '?') >= 0)
}

// hostName tells a name that is the authority the client asked for, "shop.example.com:8080".
func (w *work) hostName(name string) bool {
	if !w.p.Spans.HostNames || w.kind != ptrace.SpanKindServer {
		return false
	}
	host, port, ok := parse.HostPort(name)
	if !ok || host == "" || !strings.EqualFold(host, w.text(slotServerAddress)) {
		return false
	}
	asked, hasPort := w.int(slotServerPort)
	return port == 0 || hasPort && asked == int64(port)
}

// unknownMethod tells a name that is a method no convention knows: a client can invent as many as it likes.
func (w *work) unknownMethod(name string) bool {
	return w.text(slotMethod) == otherMethod && name != "" && name == w.text(slotMethodOriginal)
}

// versionBelow compares dotted versions number by number; a leading v does not count. Unknown versions are
// below everything: a raw path is the worse error.
func versionBelow(version, limit string) bool {
	if limit == "" {
		return true
	}
	version = strings.TrimPrefix(version, "v")
	for limit != "" {
		var a, b string
		a, version, _ = strings.Cut(version, ".")
		b, limit, _ = strings.Cut(limit, ".")
		x, y := leadingInt(a), leadingInt(b)
		if x != y {
			return x < y
		}
	}
	return false
}

func leadingInt(s string) int {
	n := -1
	for i := 0; i < len(s) && i < 9 && s[i] >= '0' && s[i] <= '9'; i++ {
		n = max(n, 0)*10 + int(s[i]-'0')
	}
	return n
}
