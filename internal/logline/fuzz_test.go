package logline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// addRecordings seeds a fuzz target with the lines of the files whose names match.
func addRecordings(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		names, err := filepath.Glob(filepath.Join("testdata", pattern))
		require.NoError(f, err)
		require.NotEmpty(f, names)
		for _, name := range names {
			content, err := os.ReadFile(name)
			require.NoError(f, err)
			for line := range strings.Lines(string(content)) {
				f.Add(line)
			}
		}
	}
}

// checkLine asserts what holds for any line whatever.
func checkLine(t *testing.T, format Format, line string) (attributes, error) {
	t.Helper()
	Sniff(line)
	attrs := pcommon.NewMap()
	at, err := Parse(format, line, attrs)
	if err != nil {
		require.Zero(t, attrs.Len())
		require.Zero(t, at)
		if syntax, ok := errors.AsType[*syntaxError](err); ok {
			require.Equal(t, format == FormatIstioText, syntax.format == FormatIstioText)
			require.GreaterOrEqual(t, syntax.offset, 0)
			require.LessOrEqual(t, syntax.offset, len(line)+2, "a missing field may stand behind the last separator")
		} else {
			require.ErrorIs(t, err, ErrNotAccessLog)
			require.Equal(t, FormatAgentgatewayText, format)
		}
		return nil, err
	}
	raw := attrs.AsRaw()
	require.Len(t, raw, attrs.Len(), "a key occurs twice")
	if !strings.Contains(line, `\`) {
		requireSlices(t, line, attrs)
	}
	again := pcommon.NewMap()
	atAgain, err := Parse(format, line, again)
	require.NoError(t, err)
	require.Equal(t, at, atAgain)
	require.Equal(t, raw, again.AsRaw())
	return raw, nil
}

// requireSlices asserts that all text stands in the line as it is.
func requireSlices(t *testing.T, line string, m pcommon.Map) {
	t.Helper()
	for _, v := range m.All() {
		requireSlice(t, line, v)
	}
}

func requireSlice(t *testing.T, line string, v pcommon.Value) {
	t.Helper()
	switch v.Type() {
	case pcommon.ValueTypeStr:
		require.Contains(t, line, v.Str())
	case pcommon.ValueTypeMap:
		requireSlices(t, line, v.Map())
	case pcommon.ValueTypeSlice:
		for _, element := range v.Slice().All() {
			requireSlice(t, line, element)
		}
	case pcommon.ValueTypeBytes:
		require.Fail(t, "no format has bytes")
	case pcommon.ValueTypeEmpty, pcommon.ValueTypeInt, pcommon.ValueTypeDouble, pcommon.ValueTypeBool:
	}
}

// fuzzText also asserts that no format but JSON nests, and that every accepted line has a time.
func fuzzText(f *testing.F, format Format) {
	f.Helper()
	f.Fuzz(func(t *testing.T, line string) {
		raw, err := checkLine(t, format, line)
		if err != nil {
			return
		}
		if format != FormatAgentgatewayText { // a line can be cut behind the first key
			require.NotEmpty(t, raw)
		}
		for key, value := range raw {
			switch value.(type) {
			case string, int64, float64:
			case bool:
				assert.Equal(t, FormatAgentgatewayText, format, key)
			default:
				assert.Fail(t, "unexpected type", "%s: %T", key, value)
			}
		}
	})
}

func FuzzEnvoyText(f *testing.F) {
	addRecordings(f, "envoy-*-text.log", "kgateway-*-text.log")
	fuzzText(f, FormatEnvoyText)
}

func FuzzIstioText(f *testing.F) {
	addRecordings(f, "istio-text.log")
	fuzzText(f, FormatIstioText)
}

func FuzzAgentgatewayText(f *testing.F) {
	addRecordings(f, "agentgateway-*-text.log")
	f.Add(agwHead + agwFront + ` duration=5ms x="\u{7f}\n" y={"a": [1, ()]} z=1.5 http.status="1"`)
	f.Add(agwHead + ` gen_ai.request.model=x gen_ai.response.model=y duration=1ms gen_ai.response.model=z error="a\"" duration=5ms`)
	fuzzText(f, FormatAgentgatewayText)
}

func FuzzNginxCombined(f *testing.F) {
	addRecordings(f, "kong-*-access.log")
	fuzzText(f, FormatNginxCombined)
}

func FuzzIngressNginx(f *testing.F) {
	const head = `10.0.0.9 - - ` + clfTime + ` "GET /a HTTP/2.0" 200 6 "-" "\x22" 431 0.012 `
	f.Add(head + `[shop-cart-80] [] 10.0.0.1:8080 6 0.011 200 7d1f`)
	f.Add(head + `[shop-cart-80] [] 10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80 0, 0 : 6 0.001, 0.002 : 0.003 502, 504 : 200 7d1f`)
	fuzzText(f, FormatIngressNginx)
}

func FuzzTraefikCommon(f *testing.F) {
	const head = `1.2.3.4, 10.0.0.9 - bob ` + clfTime + ` "GET /a HTTP/2.0" 200 6 `
	f.Add(head + `"-" "a \"b\" c" 17 "web@file" "http://10.0.0.1:80" 12ms`)
	f.Add(head + `"http://r/" "curl"`)
	fuzzText(f, FormatTraefikCommon)
}

// FuzzJSON compares with encoding/json: what it accepts is accepted with the same result, and what it refuses is
// refused but for control characters and broken escapes in strings.
func FuzzJSON(f *testing.F) {
	addRecordings(f, "*-json.log", "*.jsonl")
	f.Add(`{"a":1e+05,"b":[1.5,-0,null,{}],"a":"\ud83d\ude00","c":null}`)
	f.Fuzz(func(t *testing.T, line string) {
		got, err := checkLine(t, FormatJSON, line)
		want, wantErr := oracle(line)
		switch {
		case err == nil && wantErr == nil:
			if strings.ToValidUTF8(line, "") == line { // encoding/json repairs, this package does not
				require.Equal(t, want, got)
			}
		case err == nil:
			tolerated := strings.Contains(line, `\`) || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' })
			require.True(t, tolerated, "encoding/json: %v", wantErr)
		case wantErr == nil:
			require.ErrorContains(t, err, "64 levels")
		}
	})
}
