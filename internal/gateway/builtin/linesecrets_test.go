package builtin

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// TestSecretsInLines: what is hidden in an attribute is hidden in the line it came from.
func TestSecretsInLines(t *testing.T) {
	t.Parallel()
	const kong = `{"latencies":{"kong":1},"started_at":1795274550617,"client_ip":"1.2.3.4","request":{"method":"GET","uri":"/a?sig=SECRET",` +
		`"url":"http://u:SECRET@h/a?sig=SECRET","querystring":{"sig":"SECRET","sig2":"shown","x":"cookie: shown"},"headers":%s},"response":{"status":200}}`
	for headers, want := range map[string]string{
		`{"cookie":"sid=SECRET","x-case":"shown"}`:                      `{"cookie":"REDACTED","x-case":"shown"}`,
		`{"cookie":["a=SECRET","b=\"SECRET]"],"x":"shown"}`:             `{"cookie":"REDACTED","x":"shown"}`,
		`{"Authorization" : "Bearer SECRET" , "x":"shown"}`:             `{"Authorization" : "REDACTED" , "x":"shown"}`,
		`{"x-api-key":{"v":["SECRET"]},"apikey":5,"api-key":null}`:      `{"x-api-key":"REDACTED","apikey":"REDACTED","api-key":"REDACTED"}`,
		`{"x":"\"cookie\":\"shown\"","y":"cookie","cookie":"SECRET\\"}`: `{"x":"\"cookie\":\"shown\"","y":"cookie","cookie":"REDACTED"}`,
		`{"cookie":"REDACTED","apikey":""}`:                             `{"cookie":"REDACTED","apikey":"REDACTED"}`,
	} {
		line := strings.Replace(kong, "%s", headers, 1)
		record := rewriteRecord(t, recordSpec{Body: line})
		body := record.Body().Str()
		assert.NotContains(t, body, "SECRET")
		assert.Contains(t, body, `"headers":`+want)
		assert.Contains(t, body, `"querystring":{"sig":"REDACTED","sig2":"shown","x":"cookie: shown"}`)
		assert.True(t, json.Valid([]byte(body)), body)
		for _, v := range record.Attributes().All() {
			assert.NotContains(t, v.AsString(), "SECRET")
		}
	}
	// A line that no gateway wrote is nobody's to change.
	other := `{"msg":"hello","cookie":"sid=kept"}`
	assert.Equal(t, other, rewriteRecord(t, recordSpec{Body: other}).Body().Str())
}

// TestSecretsInRecordedLines: Kong's own lines, with every credential the recording's client sent.
func TestSecretsInRecordedLines(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../../tests/captures/kong/3.9.3-tcp-log.jsonl")
	require.NoError(t, err)
	secrets := []string{"sid=s3cr3t", "hunter2", "sig=abcd", "alice-secret-key\",\"x", "bob-key\""}
	read := 0
	for line := range strings.Lines(string(content)) {
		record, _, stats := rewriteRecordBy(t, engine(t), recordSpec{Body: strings.ToValidUTF8(line, "\uFFFD")})
		require.Equal(t, gateway.ID("kong"), stats[len(stats)-1].Gateway)
		read++
		for _, secret := range secrets {
			require.NotContains(t, record.Body().Str(), secret)
		}
		require.NotContains(t, record.Body().Str(), `"apikey":"alice-secret-key"`, "the header; the query parameter of that name is not one of the conventions' list")
	}
	assert.Equal(t, 125, read)
}
