package parse

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestAllocs asserts that parsing allocates nothing, whether the value is accepted or refused. It does not run in
// parallel, which testing.AllocsPerRun forbids.
func TestAllocs(t *testing.T) {
	r := NewRedactor(DefaultSensitiveQuery, false)
	folding := NewRedactor(DefaultSensitiveQuery, true)
	long := strings.Repeat("9", 400)

	for name, f := range map[string]func(){
		"SplitURL": func() {
			SplitURL("https://user:pass@[2001:db8::1]:443/p?q#f")
			SplitURL("http://shop.example.com:8443/ok?user=1")
			SplitURL("http://h:x/")
		},
		"SplitTarget": func() { SplitTarget("/gemini?alt=sse#f") },
		"HostPort": func() {
			HostPort("10.244.0.5:18080")
			HostPort("[fe80::1%eth0]:80")
			HostPort("unix:/run/x.sock")
			HostPort("a b")
		},
		"FirstAddress": func() {
			FirstAddress("203.0.113.7, 10.0.0.9,10.244.0.1")
			FirstAddress(`"[2001:db8:cafe::17]:4711"`)
			FirstAddress(" , ")
		},
		"IsIP": func() {
			IsIP("10.244.0.1")
			IsIP("fe80::1%eth0")
			IsIP("example.com")
		},
		"Int": func() {
			_, _ = Int("200")
			_, _ = Int("1.7267838395395e+18")
			_, _ = Int(long)
			_, _ = Int("-")
		},
		"IntFromFloat": func() { IntFromFloat(18080) },
		"Float": func() {
			Float("0.303")
			Float("0.12345678901234567890")
			Float(long)
			Float("1e999")
			Float("0.5e310")
			Float("-")
		},
		"Duration": func() {
			Duration("3165ms")
			Duration("1h2m3.123456789012345678901s")
			Duration("12")
		},
		"Flavor": func() {
			_, _, _ = Flavor("HTTP/1.1")
			_, _, _ = Flavor("h2c")
			_, _, _ = Flavor("-")
		},
		"TraceID":     func() { TraceID("4bf92f3577b34da6a3ce929d0e0e4736") },
		"SpanID":      func() { SpanID("00f067aa0ba902b7") },
		"Traceparent": func() { Traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") },
		"Timestamp": func() {
			Timestamp("2026-08-21T10:15:30.123Z")
			Timestamp("2026-08-21")
		},
		"TimestampMicros": func() { TimestampMicros("2025-07-16T18:32:01.123Z") },
		"TimestampCLF":    func() { TimestampCLF("21/Nov/2026:15:22:30 +0000") },
		"GRPCCodeName":    func() { GRPCCodeName(14) },
		"Redactor.Query": func() {
			r.Query("user=1&token=s3cret&sig=REDACTED&Signature=&s%69=1&SIG=abc")
			folding.Query("user=1&token=s3cret&SIG=REDACTED&s%69=1")
		},
		"Redactor.Text": func() {
			r.Text("GET http://REDACTED:REDACTED@h/p@x?user=1&sig=REDACTED&SIG=1 mail a@b \\u0026 &amp;")
			folding.Text("http://127.0.0.1:8080/ok")
		},
	} {
		assert.Zero(t, testing.AllocsPerRun(100, f), name)
	}

	// A string that changes is built once.
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { r.Query("user=1&sig=abcdef&x=1") }), 1.0)
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { r.Text("http://u:p@h/ok?user=1&sig=abcdef&x=1") }), 1.0)
}
