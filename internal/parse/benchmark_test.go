package parse

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// bench runs f over in, as a sub-benchmark with bytes per second.
func bench(b *testing.B, name, in string, f func(string)) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(in)))
		for b.Loop() {
			f(in)
		}
	})
}

const (
	shortURL = "http://127.0.0.1:8080/ok"
	longURL  = "https://shop.example.com:8443/api/v1/orders?user=1&token=s3cret&sig=abcd&flag&empty=&a=1&a=2&sp=%20x+y"
)

func BenchmarkSplitURL(b *testing.B) {
	f := func(s string) { SplitURL(s) }
	bench(b, "short", shortURL, f)
	bench(b, "long", longURL, f)
	bench(b, "ipv6", "https://user:pass@[2001:db8::1]:443/p?q#f", f)
	bench(b, "refused", "/api/v1/orders?user=1", f)
	bench(b, "net_url_short", shortURL, func(s string) { _, _ = url.Parse(s) }) // baseline
	bench(b, "net_url_long", longURL, func(s string) { _, _ = url.Parse(s) })   // baseline
}

func BenchmarkSplitTarget(b *testing.B) {
	bench(b, "query", "/api/v1/orders?user=1&token=s3cret", func(s string) { SplitTarget(s) })
}

func BenchmarkHostPort(b *testing.B) {
	f := func(s string) { HostPort(s) }
	bench(b, "ipv4", "10.244.0.5:18080", f)
	bench(b, "ipv6", "[2001:db8::1]:8080", f)
	bench(b, "name", "generativelanguage.googleapis.com:443", f)
}

func BenchmarkFirstAddress(b *testing.B) {
	f := func(s string) { FirstAddress(s) }
	bench(b, "one", "10.244.0.1", f)
	bench(b, "three", "203.0.113.7, 10.0.0.9,10.244.0.1", f)
}

func BenchmarkIsIP(b *testing.B) {
	f := func(s string) { IsIP(s) }
	bench(b, "ipv4", "10.244.0.1", f)
	bench(b, "ipv6", "2001:db8::8a2e:370:7334", f)
	bench(b, "name", "shop.example.com", f)
	baseline := func(s string) { _, _ = netip.ParseAddr(s) }
	bench(b, "netip_ipv4", "10.244.0.1", baseline)
	bench(b, "netip_ipv6", "2001:db8::8a2e:370:7334", baseline)
	bench(b, "netip_name", "shop.example.com", baseline)
}

func BenchmarkInt(b *testing.B) {
	f := func(s string) { _, _ = Int(s) }
	bench(b, "status", "200", f)
	bench(b, "integral", "200.0", f)
	bench(b, "exponent", "1.7267838395395e+18", f)
	bench(b, "refused", "-", f)
}

func BenchmarkFloat(b *testing.B) {
	f := func(s string) { Float(s) }
	bench(b, "seconds", "0.303", f)
	bench(b, "long", "0.699999988079071", f)
	bench(b, "longest", "0.12345678901234567890123", f)
}

func BenchmarkDuration(b *testing.B) {
	f := func(s string) { Duration(s) }
	bench(b, "ms", "3165ms", f)
	bench(b, "compound", "1m30.5s", f)
	bench(b, "time_ParseDuration", "3165ms", func(s string) { _, _ = time.ParseDuration(s) }) // baseline
}

func BenchmarkFlavor(b *testing.B) {
	f := func(s string) { _, _, _ = Flavor(s) }
	bench(b, "HTTP11", "HTTP/1.1", f)
	bench(b, "2.0", "2.0", f)
	bench(b, "absent", "-", f)
}

func BenchmarkTraceID(b *testing.B) {
	bench(b, "32", "4bf92f3577b34da6a3ce929d0e0e4736", func(s string) { TraceID(s) })
	bench(b, "16", "a3ce929d0e0e4736", func(s string) { TraceID(s) })
}

func BenchmarkSpanID(b *testing.B) {
	bench(b, "16", "00f067aa0ba902b7", func(s string) { SpanID(s) })
}

func BenchmarkTraceparent(b *testing.B) {
	bench(b, "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", func(s string) { Traceparent(s) })
}

func BenchmarkTimestamp(b *testing.B) {
	bench(b, "envoy", "2026-08-21T10:15:30.123Z", func(s string) { Timestamp(s) })
	bench(b, "offset", "2026-08-21T10:15:30.123456789+02:00", func(s string) { Timestamp(s) })
	bench(b, "agentgateway", "2025-07-16T18:32:01.458443Z", func(s string) { TimestampMicros(s) })
	bench(b, "clf", "21/Nov/2026:15:22:30 +0000", func(s string) { TimestampCLF(s) })
	bench(b, "time_Parse", "2026-08-21T10:15:30.123Z", func(s string) { _, _ = time.Parse(time.RFC3339Nano, s) }) // baseline
}

func BenchmarkRedactor(b *testing.B) {
	r := NewRedactor(DefaultSensitiveQuery, false)
	query := func(s string) { r.Query(s) }
	text := func(s string) { r.Text(s) }
	line := `[2026-11-21T13:31:37.633Z] "GET /ok?user=1&token=s3cret HTTP/1.1" 200 - 0 6 0 0 "10.244.0.1" "curl/8.7.1" ` +
		`"30f795a7-cd08-91b8-a203-b04c43192bd7" "shop.example.com" "127.0.0.1:18080"`

	bench(b, "query_clean", "user=1&token=s3cret&flag&empty=&a=1&a=2&sp=%20x+y", query)
	bench(b, "query_hidden", "user=1&token=s3cret&sig=abcd&flag&empty=&a=1&a=2&sp=%20x+y", query)
	bench(b, "text_url", shortURL, text)
	bench(b, "text_url_query", strings.Replace(longURL, "sig", "big", 1), text)
	bench(b, "text_hidden", longURL, text)
	bench(b, "text_userinfo", "https://user:pass@example.com/", text)
	bench(b, "text_line", line, text)
	bench(b, "text_megabyte", strings.Repeat(line, 1<<20/len(line)), text)
	for name, piece := range hostileTexts {
		bench(b, "hostile_"+name, strings.Repeat(piece, 1<<20/len(piece)), text)
	}
}
