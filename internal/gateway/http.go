package gateway

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// otherMethod stands for every method that is not a known one (semantic conventions, http.request.method).
const otherMethod = "_OTHER"

// method normalizes an HTTP method. Comparison is case-sensitive; a known method in another spelling is
// written canonically, with the original beside it.
func (w *work) method(r *rule, i int32, v pcommon.Value) {
	if v.Type() != pcommon.ValueTypeStr {
		w.fail(ReasonType)
		return
	}
	s := v.Str()
	if s == "" {
		w.drop(i)
		return
	}
	known, ok := w.e.methods[s]
	switch {
	case ok && known == s, s == otherMethod:
		w.move(r, i, v, r.to[0])
		return
	case !ok && len(s) <= 16:
		known, ok = w.e.methods[strings.ToUpper(s)]
	}
	if !ok {
		known = otherMethod
	}
	if len(r.To) > 1 {
		w.emitStr(r.to[1], s, prioDirect)
	}
	w.toSlot(r, i, v, r.to[0], known)
}

// status reads an HTTP status code. "0" and "-" are not one: no response was sent.
func (w *work) status(r *rule, i int32, v pcommon.Value) {
	n, ok := number(v)
	if ok && n == 0 || v.Type() == pcommon.ValueTypeStr && v.Str() == "-" {
		w.ev.noResponse = true
		w.drop(i)
		return
	}
	if !ok || n < 100 || n > 599 {
		w.fail(ReasonStatus)
		return
	}
	if v.Type() == pcommon.ValueTypeStr {
		w.ev.statusText = v.Str()
	}
	w.intTo(r, i, v, n)
}

// lastStatus reads the code of the last try: "502, 200". "-" is a try without a response.
func (w *work) lastStatus(r *rule, i int32, v pcommon.Value) {
	n, ok := number(v)
	if s := v.Str(); !ok && s != "" {
		s = lastOf(s)
		if parse.Absent(s) {
			w.drop(i)
			return
		}
		n, ok = parse.Int(s)
	}
	if !ok || n < 100 || n > 599 {
		w.fail(ReasonStatus)
		return
	}
	w.intTo(r, i, v, n)
}

// flavor splits "HTTP/1.1". The name is only written when it is not http.
func (w *work) flavor(r *rule, i int32, v pcommon.Value) {
	var s string
	switch v.Type() {
	case pcommon.ValueTypeStr:
		s = v.Str()
	case pcommon.ValueTypeDouble, pcommon.ValueTypeInt: // Kong before 3.2.1
		s = v.AsString()
		if s == "1" {
			s = "1.0"
		}
	default:
		w.fail(ReasonType)
		return
	}
	name, version, ok := parse.Flavor(s)
	if !ok {
		if r.self || !w.p.generic {
			w.leftoverSelf(r, i, v, ReasonProtocol)
			return
		}
		w.toSlot(r, i, v, r.to[len(r.To)-1], s)
		return
	}
	versionSlot := r.to[len(r.To)-1]
	if name != "http" && len(r.To) > 1 {
		w.emitStr(r.to[0], name, prioDirect)
	}
	if version == "" {
		w.consumed(r, i)
		return
	}
	if r.self {
		versionSlot = r.to[0]
	}
	w.toSlot(r, i, v, versionSlot, version)
}

// leftoverSelf keeps a value that cannot be read. Under its current name it still counts as there.
func (w *work) leftoverSelf(r *rule, i int32, v pcommon.Value, reason Reason) {
	w.fail(reason)
	if r.self {
		w.present(r.to[0], i, v)
	}
}

// locator reads the text of a URL or request target. An empty one goes; a value that is no text stays, its secrets
// hidden, and is counted.
func (w *work) locator(i int32, v pcommon.Value) (s string, ok bool) {
	if v.Type() != pcommon.ValueTypeStr {
		w.fail(ReasonType)
		w.hideNested(v, 0)
		return "", false
	}
	if s = v.Str(); s == "" {
		w.drop(i)
	}
	return s, s != ""
}

// url brings an absolute URL to the attributes of the item's side: a server has its parts, all others
// url.full. What cannot be parsed stays, with its secrets hidden.
func (w *work) url(r *rule, i int32, v pcommon.Value) {
	s, ok := w.locator(i, v)
	if !ok {
		return
	}
	u, ok := parse.SplitURL(s)
	if w.kind != ptrace.SpanKindServer || r.self || r.to[0] != slotURLFull { // another URL than the request's keeps its name
		clean := w.cleanURL(s)
		w.toSlot(r, i, v, r.to[0], clean)
		if !r.self {
			w.hide(i, v, clean)
		}
		if ok && w.kind == ptrace.SpanKindClient {
			w.authority(u, prioFallback)
		}
		return
	}
	if !ok {
		if s[0] == '/' {
			w.targetParts(s)
			w.consumed(r, i)
			w.hideText(i, v)
			return
		}
		w.fail(ReasonURL)
		w.hideText(i, v)
		return
	}
	w.emitStr(slotScheme, strings.ToLower(u.Scheme), prioDerived)
	w.authority(u, prioDerived)
	w.pathQuery(rawTarget(s, u), u.Path, u.Query)
	w.consumed(r, i)
	w.hideText(i, v)
}

// cleanURL hides the secrets of an attribute that is one URL and nothing else: here a value ends at '&' only.
func (w *work) cleanURL(s string) string {
	s, _ = w.e.redact.Text(s)
	begin := strings.IndexByte(s, '?') + 1
	if begin == 0 {
		return s
	}
	end := len(s)
	if hash := strings.IndexByte(s[begin:], '#'); hash >= 0 {
		end = begin + hash
	}
	if query, changed := w.e.redact.Query(s[begin:end]); changed {
		return s[:begin] + query + s[end:]
	}
	return s
}

// cleanQuery hides secrets by name, and URLs with secrets inside of other parameters.
func (w *work) cleanQuery(s string) string {
	s, _ = w.e.redact.Query(s)
	if strings.IndexByte(s, '@') >= 0 || strings.IndexByte(s, '?') >= 0 {
		s, _ = w.e.redact.Text(s)
	}
	return s
}

// cleanPath is for what is left as a path of something that was no clean URL.
func (w *work) cleanPath(s string) string {
	if strings.IndexByte(s, '@') >= 0 || strings.IndexByte(s, '&') >= 0 {
		s, _ = w.e.redact.Text(s)
	}
	return s
}

// rawTarget is path and query of an absolute URL as they came.
func rawTarget(s string, u parse.URL) string {
	s = s[len(u.Scheme)+len("://"):]
	if slash := strings.IndexByte(s, '/'); slash >= 0 {
		return s[slash:]
	}
	return ""
}

func (w *work) authority(u parse.URL, p priority) {
	if u.Host == "" {
		return
	}
	w.emitStr(slotServerAddress, u.Host, p)
	if u.Port > 0 {
		w.emitInt(slotServerPort, int64(u.Port), p)
	}
}

// pathQuery writes url.path and url.query; raw is both as they came.
func (w *work) pathQuery(raw, path, query string) {
	w.ev.rawTarget = raw
	if path == "" {
		path = "/"
	}
	w.emitStr(slotPath, w.cleanPath(path), prioDerived)
	w.emitQuery(query)
}

func (w *work) emitQuery(query string) {
	if query = strings.TrimLeft(query, "?"); query != "" {
		w.emitStr(slotQuery, w.cleanQuery(query), prioDerived)
	}
}

func (w *work) targetParts(s string) {
	path, query := parse.SplitTarget(s)
	w.pathQuery(s, path, query)
}

// target splits a request target. The absolute form, of a proxy request, is a URL.
func (w *work) target(r *rule, i int32, v pcommon.Value) {
	s, ok := w.locator(i, v)
	if !ok {
		return
	}
	if r.self {
		w.currentPath(r, i, v, s)
		return
	}
	if u, ok := parse.SplitURL(s); ok && s[0] != '/' {
		w.emitStr(slotScheme, strings.ToLower(u.Scheme), prioDerived)
		w.authority(u, prioDerived)
		w.pathQuery(rawTarget(s, u), u.Path, u.Query)
	} else if path, query := parse.SplitTarget(s); len(path) == len(s) {
		w.ev.rawTarget = s
		w.toSlot(r, i, v, slotPath, w.cleanPath(path))
		w.hideText(i, v)
		return
	} else {
		w.pathQuery(s, path, query)
	}
	w.consumed(r, i)
	w.hideText(i, v)
}

// currentPath mends url.path where a user's format put the query inside it.
func (w *work) currentPath(r *rule, i int32, v pcommon.Value, s string) {
	path, query := parse.SplitTarget(s)
	if w.ev.rawTarget == "" {
		w.ev.rawTarget = s
	}
	if clean := w.cleanPath(path); clean == s || (path == "" && query == "") {
		w.present(r.to[0], i, v)
		return
	} else if path = clean; path == "" {
		path = "/"
	}
	v.SetStr(path)
	w.changed = true
	w.present(r.to[0], i, v)
	w.emitQuery(query)
}

// query hides the secrets of url.query and drops an empty one.
func (w *work) query(r *rule, i int32, v pcommon.Value) {
	if v.Type() != pcommon.ValueTypeStr {
		w.fail(ReasonType)
		w.hideNested(v, 0)
		return
	}
	s := strings.TrimLeft(v.Str(), "?")
	if s == "" {
		w.drop(i)
		return
	}
	s = w.cleanQuery(s)
	w.toSlot(r, i, v, r.to[0], s)
	if !r.self {
		w.hide(i, v, s)
	}
}

// hide puts the cleaned text in the place of an old attribute that stays.
func (w *work) hide(i int32, v pcommon.Value, clean string) {
	if !w.removes(i) && clean != v.Str() {
		v.SetStr(clean)
		w.changed = true
	}
}

func (w *work) hideText(i int32, v pcommon.Value) {
	if !w.removes(i) {
		clean, _ := w.e.redact.Text(v.Str())
		w.hide(i, v, clean)
	}
}

// header brings a header attribute to its lower-case name and an array of strings, without credentials. What
// has to be hidden is hidden first, under the old name: it may have to stay there.
func (w *work) header(r *rule, i int32, key string, v pcommon.Value) {
	header, secret, to := r.header, r.secret, r.prefix
	inPlace := false
	if header == "" { // the name is in the key
		name := key[r.chop:]
		header = name
		if known, ok := w.e.headers[name]; ok {
			header = known
		} else if hasUpper(name) {
			header = strings.ToLower(name)
		}
		secret = w.e.secrets[header]
		if inPlace = header == name && r.prefix == key[:r.chop]; !inPlace {
			to += header
		}
	}
	switch v.Type() {
	case pcommon.ValueTypeMap, pcommon.ValueTypeBytes, pcommon.ValueTypeEmpty:
		if !secret {
			w.fail(ReasonType)
			w.hideNested(v, 0)
			return
		}
		v.SetStr(redacted)
		w.changed = true
	case pcommon.ValueTypeSlice:
		w.headerInPlace(v, header, secret)
	case pcommon.ValueTypeStr:
		if clean := w.headerValue(v.Str(), header, secret); clean != v.Str() {
			v.SetStr(clean)
			w.changed = true
		}
	}
	if inPlace {
		w.headerInPlace(v, header, secret)
		return
	}
	d := dynamic{key: to, attr: i, val: v}
	if v.Type() != pcommon.ValueTypeSlice {
		d.kind, d.str = fieldStrings, w.headerValue(v.AsString(), header, secret)
	}
	w.emitDynamic(r, i, d)
}

func (w *work) headerInPlace(v pcommon.Value, header string, secret bool) {
	if v.Type() != pcommon.ValueTypeSlice {
		s := w.headerValue(v.AsString(), header, secret)
		v.SetEmptySlice().AppendEmpty().SetStr(s)
		w.changed = true
		return
	}
	for _, e := range v.Slice().All() {
		if e.Type() != pcommon.ValueTypeStr {
			e.SetStr(e.AsString())
			w.changed = true
		}
		if s := w.headerValue(e.Str(), header, secret); s != e.Str() {
			e.SetStr(s)
			w.changed = true
		}
	}
}

const redacted = "REDACTED"

func (w *work) headerValue(s, header string, secret bool) string {
	if secret {
		return redacted
	}
	switch header {
	case "traceparent":
		w.traceparent(s)
	case "host", ":authority", "x-forwarded-host":
		if strings.IndexByte(s, '@') >= 0 { // an authority, which may have userinfo, without its scheme
			s, _ = w.e.redact.Text("://" + s)
			return s[len("://"):]
		}
	}
	return w.cleanText(s)
}

func hasUpper(s string) bool {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return true
		}
	}
	return false
}
