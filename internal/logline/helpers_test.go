package logline

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// attributes is what a line is expected to become: string, int64, float64, bool, nested map and slice.
type attributes = map[string]any

// parsed parses a line that must be accepted.
func parsed(tb testing.TB, f Format, line string) (attributes, int64) {
	tb.Helper()
	attrs := pcommon.NewMap()
	unixNano, err := Parse(f, line, attrs)
	require.NoError(tb, err, line)
	raw := attrs.AsRaw()
	require.Len(tb, raw, attrs.Len(), "a key occurs twice")
	return raw, unixNano
}

// refused parses a line that must be refused.
func refused(tb testing.TB, f Format, line string) {
	tb.Helper()
	require.Error(tb, refusal(tb, f, line))
}

// refusal returns the error for a line that must be refused.
func refusal(tb testing.TB, f Format, line string) error {
	tb.Helper()
	attrs := pcommon.NewMap()
	unixNano, err := Parse(f, line, attrs)
	require.Error(tb, err, line)
	require.Zero(tb, unixNano)
	require.Zero(tb, attrs.Len(), "attributes are left behind")
	return err
}

func unixNano(tb testing.TB, rfc3339 string) int64 {
	tb.Helper()
	at, err := time.Parse(time.RFC3339Nano, rfc3339)
	require.NoError(tb, err)
	return at.UnixNano()
}

// recording returns the lines of a file in testdata, without their line endings.
func recording(tb testing.TB, name string) []string {
	tb.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	return strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
}

// oracle reads a JSON object with encoding/json into what parseJSON should make of it.
func oracle(line string) (attributes, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(line)))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return nil, err
	}
	if d.More() || object == nil || strings.TrimLeft(line[d.InputOffset():], " \t\r\n") != "" {
		return nil, errors.New("not one object")
	}
	return oracleValue(object).(map[string]any), nil
}

func oracleValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			if value != nil {
				out[key] = oracleValue(value)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, value := range v {
			out = append(out, oracleValue(value))
		}
		return out
	case json.Number:
		return oracleNumber(v.String())
	default:
		return v
	}
}

func oracleNumber(s string) any {
	exponent := strings.ContainsAny(s, "eE")
	if !strings.ContainsAny(s, ".eE") {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	if exponent {
		// A tiny or huge exponent would make the exact number enormous; such a number is no int64 anyway.
		if f == 0 || f > 1e19 || f < -1e19 || (f < 0.5 && f > -0.5) {
			if isZero(s) {
				return int64(0)
			}
			return f
		}
		if exact, ok := new(big.Rat).SetString(s); ok && exact.IsInt() && exact.Num().IsInt64() {
			return exact.Num().Int64()
		}
	}
	return f
}

// isZero reports whether the mantissa has no digit but 0.
func isZero(s string) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(s), "e")
	return !strings.ContainsAny(mantissa, "123456789")
}
