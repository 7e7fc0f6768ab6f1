package parse

import (
	"encoding/hex"
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func addAll(f *testing.F, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add(s)
	}
}

// FuzzSplitURL puts the parts together again, and compares with net/url where that accepts the same text.
func FuzzSplitURL(f *testing.F) {
	addAll(f, "", "http://127.0.0.1:8080/ok?a=b#c", "https://u:p@q@[2001:db8::1]:443/p@x?#", "file:///x", "http://h:/", "http://fe80::1/",
		"http://[fe80::1%25eth0]", "a+b.c-1://h?q#f", "http://[v1.x]:80", "://", "http://\x00")
	f.Fuzz(func(t *testing.T, s string) {
		u, ok := SplitURL(s)
		if !ok {
			require.Zero(t, u)
			return
		}
		require.NotEmpty(t, u.Scheme)
		require.True(t, u.Port >= 0 && u.Port <= 65535)
		require.True(t, u.Path == "" || u.Path[0] == '/')
		require.True(t, u.HasQuery || u.Query == "")
		require.NotContains(t, u.Path, "?")
		require.NotContains(t, u.Path+u.Query, "#")
		require.NotContains(t, u.Host, "@")
		require.NotContains(t, u.Userinfo+u.Host, "/")

		// The input without its authority, and the authority without port and brackets, are exactly the parts.
		authority, ok := strings.CutPrefix(s, u.Scheme+"://"+u.Userinfo)
		require.True(t, ok)
		tail := u.Path
		if u.HasQuery {
			tail += "?" + u.Query
		}
		if u.Fragment != "" || strings.HasSuffix(s, "#") && !strings.HasSuffix(tail, "#") {
			tail += "#" + u.Fragment
		}
		authority, ok = strings.CutSuffix(authority, tail)
		require.True(t, ok)
		authority = strings.TrimPrefix(authority, "@")
		rest, ok := strings.CutPrefix(authority, u.Host)
		if !ok {
			rest, ok = strings.CutPrefix(authority, "["+u.Host+"]")
			require.True(t, IsIP(u.Host))
		}
		require.True(t, ok)
		if u.Port != 0 {
			require.Equal(t, u.Port, atoiPort(t, rest))
		} else {
			require.True(t, rest == "" || rest == ":")
		}

		// net/url decodes, allows an empty host before a port, and ports this package refuses.
		std, err := url.Parse(s)
		if err != nil || strings.Contains(u.Host, "%") || std.Hostname() == "" || IsIP(authority) || strings.HasPrefix(u.Host, "[") {
			return
		}
		require.Equal(t, strings.ToLower(u.Scheme), std.Scheme)
		require.Equal(t, u.Host, std.Hostname())
		if u.Port != 0 {
			require.Equal(t, u.Port, atoiPort(t, ":"+std.Port()))
		}
		require.Equal(t, u.Query, std.RawQuery)
		path, err := url.PathUnescape(u.Path)
		require.NoError(t, err)
		require.Equal(t, std.Path, path)
	})
}

func atoiPort(t *testing.T, s string) int {
	t.Helper()
	digits, ok := strings.CutPrefix(s, ":")
	require.True(t, ok)
	n, ok := new(big.Int).SetString(digits, 10)
	require.True(t, ok)
	return int(n.Int64())
}

// FuzzSplitTarget puts path and query together again.
func FuzzSplitTarget(f *testing.F) {
	addAll(f, "", "/", "/a?b#c", "?#", "/a#b?c", "*")
	f.Fuzz(func(t *testing.T, s string) {
		path, query := SplitTarget(s)
		want, _, _ := strings.Cut(s, "#")
		wantPath, wantQuery, _ := strings.Cut(want, "?")
		require.Equal(t, wantPath, path)
		require.Equal(t, wantQuery, query)
	})
}

// FuzzHostPort joins host and port again, and finds both again in the result.
func FuzzHostPort(f *testing.F) {
	addAll(f, "", "localhost", "10.0.0.1:80", "[::1]:80", "[::1]", "fe80::1%eth0", "@x", "/run/x", "unix:/x", "unix:", "[a]:1", "h:00080", "h:0")
	f.Fuzz(func(t *testing.T, s string) {
		host, port, ok := HostPort(s)
		if !ok {
			require.Empty(t, host)
			require.Zero(t, port)
			return
		}
		require.NotEmpty(t, host)
		require.Contains(t, s, host)
		require.True(t, port >= 0 && port <= 65535)
		if isUnixPath(s) {
			require.Equal(t, s, host)
			require.Zero(t, port)
			return
		}
		require.False(t, strings.ContainsAny(host, " /?#@\x00\n\""))
		if port == 0 {
			require.True(t, s == host || s == "["+host+"]")
			return
		}
		joined := net.JoinHostPort(host, strconv.Itoa(port))
		if strings.HasPrefix(host, "[") {
			joined = host + ":" + strconv.Itoa(port)
		}
		host2, port2, ok := HostPort(joined)
		require.True(t, ok)
		require.Equal(t, host, host2)
		require.Equal(t, port, port2)
	})
}

// FuzzFirstAddress finds the result in the first element that holds anything.
func FuzzFirstAddress(f *testing.F) {
	addAll(f, "", ",", "203.0.113.7, 10.0.0.9", `"[2001:db8::1]:4711"`, "unknown", "_x:_y", "[]", "[::1", `""`, "1.2.3.4:", ":80")
	f.Fuzz(func(t *testing.T, s string) {
		got := FirstAddress(s)
		require.Contains(t, s, got)
		require.NotContains(t, got, ",")
		require.Equal(t, got, FirstAddress(", ,"+s))
		if got != "" {
			require.Equal(t, got, FirstAddress(s+",192.0.2.1"))
		} else {
			require.Equal(t, "192.0.2.1", FirstAddress(s+",192.0.2.1"))
		}
		if IsIP(s) && !strings.ContainsAny(s, "%") {
			require.Equal(t, s, got)
			require.Equal(t, s, FirstAddress("["+s+"]:80"))
		}
	})
}

// FuzzIsIP compares with netip.
func FuzzIsIP(f *testing.F) {
	addAll(f, "", "1.2.3.4", "01.2.3.4", "::", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "fe80::1%eth0", "1::2::3", "1:2:3:4:5:6:1.2.3.4", "%")
	f.Fuzz(func(t *testing.T, s string) {
		_, err := netip.ParseAddr(s)
		require.Equal(t, err == nil, IsIP(s), "%q", s)
	})
}

// FuzzInt compares with exact arithmetic.
func FuzzInt(f *testing.F) {
	addAll(f, "", "200", "-1", "200.0", "1e+05", "1.7267838395395e+18", "9223372036854775807", "-9223372036854775808", "1e-1", "10e-1", "0e9", "5.", "+0.0e-0")
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := Int(s)
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			require.True(t, ok, "%q", s)
			require.Equal(t, i, n, "%q", s)
		}
		if !ok {
			require.Zero(t, n)
		}
		if ok {
			_, okFloat := Float(s)
			require.True(t, okFloat || len(s) > 300, "%q", s)
		}
		_, exp, _ := strings.Cut(strings.ToLower(s), "e")
		if len(exp) > 4 || strings.ContainsAny(s, "_/xXpPoObBinfIN") {
			return // forms only math/big reads, and exponents that take it forever
		}
		rat, isRat := new(big.Rat).SetString(s)
		if !isRat {
			require.False(t, ok, "%q", s)
			return
		}
		if ok {
			require.True(t, rat.IsInt() && rat.Num().IsInt64(), "%q", s)
			require.Equal(t, rat.Num().Int64(), n, "%q", s)
		} else if rat.IsInt() && rat.Num().IsInt64() {
			require.True(t, strings.HasPrefix(strings.TrimLeft(s, "+-"), ".") || strings.Contains(s, ".e") || strings.Contains(s, ".E") ||
				strings.HasSuffix(s, "."), "%q", s)
		}
	})
}

// FuzzIntFromFloat converts back.
func FuzzIntFromFloat(f *testing.F) {
	for _, x := range []float64{0, 1, -1, 0.5, 1 << 63, -1 << 63, 1 << 62, 1e300, math.Inf(1), math.NaN()} {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x float64) {
		n, ok := IntFromFloat(x)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			require.False(t, ok)
			require.Zero(t, n)
			return
		}
		i, accuracy := new(big.Float).SetFloat64(x).Int(nil)
		require.Equal(t, accuracy == big.Exact && i.IsInt64(), ok)
		if ok {
			require.Equal(t, i.Int64(), n)
		} else {
			require.Zero(t, n)
		}
	})
}

// FuzzFloat compares with strconv, which accepts more.
func FuzzFloat(f *testing.F) {
	addAll(f, "", "0.303", "-0", "1e+05", "5.5e-05", "1e309", "1.7976931348623157e308", "0.699999988079071", "123456789012345678901234567890", ".5", "5.", "0x1p4", "nan", "1_0")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Float(s)
		want, err := strconv.ParseFloat(s, 64)
		if ok {
			require.NoError(t, err, "%q", s)
			require.False(t, math.IsInf(got, 0) || math.IsNaN(got), "%q", s)
			require.Equal(t, math.Float64bits(want), math.Float64bits(got), "%q", s)
			return
		}
		require.Zero(t, got)
		if err != nil || math.IsInf(want, 0) || math.IsNaN(want) || strings.ContainsAny(s, "_xX") {
			return
		}
		before, after, _ := strings.Cut(strings.TrimLeft(s, "+-"), ".")
		require.True(t, before == "" || after == "" || !isDigit(after[0]), "refused %q", s)
	})
}

// FuzzDuration compares with time.ParseDuration, which accepts more and counts in nanoseconds.
func FuzzDuration(f *testing.F) {
	addAll(f, "", "3165ms", "1.5s", "250us", "250\u00b5s", "250\u03bcs", "12ns", "2m", "1h", "1m30s", "0", "-1s", "1s1s", "1.5h2m", "1.s", ".5s")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Duration(s)
		if !ok {
			require.Zero(t, got)
			return
		}
		require.True(t, got >= 0 && got <= math.MaxFloat64, "%q: %v", s, got)
		if d, err := time.ParseDuration(s); err == nil {
			require.InDelta(t, d.Seconds(), got, 6e-9+1e-9*got, "%q", s)
		} else {
			require.Greater(t, got, 9e9, "only a size beyond time.Duration may make it refuse %q", s)
		}
	})
}

// FuzzFlavor allows no result but those of the conventions, and none that changes when read again.
func FuzzFlavor(f *testing.F) {
	addAll(f, "", "HTTP/1.1", "2.0", "h2c", "QUIC", "spdy", "-", "HTTP/")
	f.Fuzz(func(t *testing.T, s string) {
		name, version, ok := Flavor(s)
		if !ok {
			require.Empty(t, name+version)
			return
		}
		require.LessOrEqual(t, len(s), len("HTTP/1.1"))
		if name == "spdy" {
			require.Empty(t, version)
			return
		}
		require.Equal(t, "http", name)
		require.Contains(t, []string{"0.9", "1.0", "1.1", "2", "3"}, version)
		_, again, ok := Flavor(version)
		require.True(t, ok)
		require.Equal(t, version, again)
		_, upper, ok := Flavor(strings.ToUpper(s))
		require.True(t, ok)
		require.Equal(t, version, upper)
	})
}

// FuzzTraceIDs compares the three id parsers with encoding/hex.
func FuzzTraceIDs(f *testing.F) {
	addAll(f, "", "4bf92f3577b34da6a3ce929d0e0e4736", "00F067AA0BA902B7", "0000000000000000", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f.Fuzz(func(t *testing.T, s string) {
		want, err := hex.DecodeString(s)
		zeros := strings.Trim(s, "0") == ""
		trace, ok := TraceID(s)
		require.Equal(t, err == nil && (len(s) == 32 || len(s) == 16) && !zeros, ok, "%q", s)
		if ok {
			require.Equal(t, want, trace[16-len(want):])
			require.Equal(t, make([]byte, 16-len(want)), trace[:16-len(want)])
		} else {
			require.Zero(t, trace)
		}
		span, ok := SpanID(s)
		require.Equal(t, err == nil && len(s) == 16 && !zeros, ok, "%q", s)
		if ok {
			require.Equal(t, want, span[:])
		} else {
			require.Zero(t, span)
		}

		trace, span, flags, ok := Traceparent(s)
		if !ok {
			require.Zero(t, trace)
			require.Zero(t, span)
			require.Zero(t, flags)
			return
		}
		fields := strings.SplitN(s, "-", 5)
		require.GreaterOrEqual(t, len(fields), 4)
		require.NotEqual(t, "ff", strings.ToLower(fields[0]))
		require.True(t, fields[0] != "00" || len(s) == 55)
		require.Equal(t, strings.ToLower(fields[1]), hex.EncodeToString(trace[:]))
		require.Equal(t, strings.ToLower(fields[2]), hex.EncodeToString(span[:]))
	})
}

// FuzzTimestamp compares the three timestamp parsers with package time.
func FuzzTimestamp(f *testing.F) {
	addAll(f, "", "2026-08-21T10:15:30.123Z", "2026-08-21 10:15:30,5+0200", "1677-09-21T00:12:43.145224192Z", "2262-04-11T23:47:16.854775807Z",
		"2025-07-16T18:32:01.45Z", "21/Nov/2026:15:22:30 +0000", "29/Feb/2024:23:59:59 -0730", "2024-02-29T12:00:00-23:59")
	first, last := time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)
	inRange := func(at time.Time) bool { return !at.Before(first) && !at.After(last) }
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Timestamp(s)
		want, err := time.Parse(time.RFC3339Nano, s)
		// time.Parse allows one digit for the hour, more than nine for the fraction, and zones of 24 hours or 60 minutes,
		// which RFC 3339, section 5.6, does not.
		zoned := err == nil && !strings.HasSuffix(s, ":60") && (len(s) < 6 || s[len(s)-5:len(s)-3] != "24")
		if zoned && inRange(want) && len(s) <= len("2026-08-21T10:15:30.123456789+02:00") && s[13] == ':' {
			if digits := strings.IndexAny(s[min(len(s), 20):], "Z+-"); digits <= 9 {
				require.True(t, ok, "%q", s)
			}
		}
		if ok {
			if err == nil {
				require.Equal(t, want.UnixNano(), got, "%q", s)
			}
			text := time.Unix(0, got).UTC().Format(time.RFC3339Nano)
			again, ok := Timestamp(text)
			require.True(t, ok, "%q", s)
			require.Equal(t, got, again)
		} else {
			require.Zero(t, got)
		}

		if got, ok = TimestampMicros(s); ok {
			whole, fraction, _ := strings.Cut(s, ".")
			fraction = strings.TrimSuffix(fraction, "Z")
			want, err := time.Parse(time.RFC3339Nano, whole+"."+strings.Repeat("0", 6-len(fraction))+fraction+"Z")
			require.NoError(t, err, "%q", s)
			require.Equal(t, want.UnixNano(), got, "%q", s)
		} else {
			require.Zero(t, got)
		}

		got, ok = TimestampCLF(s)
		want, err = time.Parse("02/Jan/2006:15:04:05 -0700", s)
		if ok {
			require.NoError(t, err, "%q", s)
			require.Equal(t, want.UnixNano(), got, "%q", s)
		} else {
			require.Zero(t, got)
		}
	})
}
