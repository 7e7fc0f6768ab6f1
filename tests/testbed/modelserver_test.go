package testbed

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestModelServer(t *testing.T) {
	m := StartModelServer(t)
	for _, tc := range []struct {
		name, path, body string
		status           int
		wants            []string // in the answer
	}{
		{
			"chat", "/chat/completions", `{"model":"gpt-5-nano"}`, http.StatusOK,
			[]string{`"content":"Hello there."`, `"finish_reason":"stop"`, `"prompt_tokens":11`, `"model":"gpt-5-nano-2026-08-07"`},
		},
		{
			"streamed chat", "/chat/completions", `{"model":"gpt-5-nano","stream":true}`, http.StatusOK,
			[]string{"data: {", `"content":"Hello"`, `"content":" there."`, `"total_tokens":18`, "data: [DONE]\n\n"},
		},
		{
			"embeddings", "/embeddings", `{"model":"text-embedding-3-small"}`, http.StatusOK,
			[]string{`"embedding":[0.25,-0.5]`, `"total_tokens":5`},
		},
		{
			"over the limit", "/chat/completions", `{"model":"gpt-5-limited"}`, http.StatusTooManyRequests,
			[]string{`"type":"rate_limit_error"`},
		},
		{
			"unknown model", "/embeddings", `{"model":"gpt-none"}`, http.StatusBadRequest,
			[]string{`"code":"model_not_found"`},
		},
		{"no JSON", "/chat/completions", `{"model":`, http.StatusBadRequest, []string{`"code":"invalid_json"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, err := http.Post(m.BaseURL()+tc.path, "application/json", strings.NewReader(tc.body))
			require.NoError(t, err)
			answer, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, tc.status, resp.StatusCode)
			for _, want := range tc.wants {
				assert.Contains(t, string(answer), want)
			}
		})
	}
}
