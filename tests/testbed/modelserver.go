package testbed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Model names that a ModelServer knows. Any other is refused as unknown.
const (
	// ChatModel answers chat requests, EmbeddingModel embedding requests. The answers name AnsweringModel and
	// EmbeddingModel, as providers answer an alias with the dated model behind it.
	ChatModel      = "gpt-5-nano"
	AnsweringModel = "gpt-5-nano-2026-08-07"
	EmbeddingModel = "text-embedding-3-small"
	// LimitedModel is always over its rate limit.
	LimitedModel = "gpt-5-limited"
)

// What a ModelServer answers, the same to everybody: no test depends on a real model.
const (
	ChatAnswer        = "Hello there."
	ChatInputTokens   = 11
	ChatCachedTokens  = 2
	ChatOutputTokens  = 7
	ChatThoughtTokens = 3 // of ChatOutputTokens
	EmbeddingTokens   = 5
	ChatResponseID    = "chatcmpl-testbed-1"
	RateLimitMessage  = "Rate limit reached for gpt-5-limited."
	UnknownMessage    = "The model does not exist."
)

// maxModelRequest bounds the body of one request, in bytes.
const maxModelRequest = 1 << 20

// ModelServer stands in for a model provider. It speaks as much of OpenAI's API (platform.openai.com/docs/api-reference,
// version 1) as gateways use: POST /v1/chat/completions, streamed or not, and POST /v1/embeddings.
type ModelServer struct{ address string }

// StartModelServer listens on a free loopback port until the end of the test.
func StartModelServer(tb testing.TB) *ModelServer {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	m := &ModelServer{address: listener.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", m.chat)
	mux.HandleFunc("POST /v1/embeddings", m.embeddings)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	tb.Cleanup(func() {
		closeErr := server.Close()
		if err := <-served; closeErr != nil || !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("model server: %v, %v", err, closeErr)
		}
	})
	return m
}

// Address is host:port.
func (m *ModelServer) Address() string { return m.address }

// BaseURL is what clients of OpenAI's API call the base URL.
func (m *ModelServer) BaseURL() string { return "http://" + m.address + "/v1" }

// modelRequest is what decides about the answer.
type modelRequest struct {
	Model  string `json:"model"`
	Stream bool   `json:"stream"`
}

// accept reads the request and answers it if it is one that fails. It returns false in that case.
func accept(w http.ResponseWriter, r *http.Request, model string) (modelRequest, bool) {
	var req modelRequest
	switch err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxModelRequest)).Decode(&req); {
	case err != nil:
		refuse(w, http.StatusBadRequest, "invalid_request_error", "invalid_json", err.Error())
	case req.Model == LimitedModel:
		refuse(w, http.StatusTooManyRequests, "rate_limit_error", "rate_limit_exceeded", RateLimitMessage)
	case req.Model != model:
		refuse(w, http.StatusBadRequest, "invalid_request_error", "model_not_found", UnknownMessage)
	default:
		return req, true
	}
	return req, false
}

func refuse(w http.ResponseWriter, code int, kind, reason, message string) {
	answer(w, code, map[string]any{"error": map[string]any{"message": message, "type": kind, "code": reason}})
}

// answer writes a JSON document. A client that went away is what some tests are about.
func answer(w http.ResponseWriter, code int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(document)
}

func (m *ModelServer) chat(w http.ResponseWriter, r *http.Request) {
	req, ok := accept(w, r, ChatModel)
	if !ok {
		return
	}
	usage := map[string]any{
		"prompt_tokens":             ChatInputTokens,
		"completion_tokens":         ChatOutputTokens,
		"total_tokens":              ChatInputTokens + ChatOutputTokens,
		"prompt_tokens_details":     map[string]any{"cached_tokens": ChatCachedTokens},
		"completion_tokens_details": map[string]any{"reasoning_tokens": ChatThoughtTokens},
	}
	if req.Stream {
		streamChat(w, usage)
		return
	}
	answer(w, http.StatusOK, chatDocument("chat.completion", usage, map[string]any{
		"index": 0, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": ChatAnswer},
	}))
}

// chatDocument is a whole answer or a chunk of one.
func chatDocument(object string, usage map[string]any, choices ...map[string]any) map[string]any {
	if choices == nil {
		choices = []map[string]any{}
	}
	document := map[string]any{
		"id": ChatResponseID, "object": object, "created": 1, "model": AnsweringModel, "choices": choices,
	}
	if usage != nil {
		document["usage"] = usage
	}
	return document
}

// streamChat sends the answer in server-sent events, one word each, with the usage in the last one.
func streamChat(w http.ResponseWriter, usage map[string]any) {
	w.Header().Set("Content-Type", "text/event-stream")
	controller := http.NewResponseController(w)
	send := func(text string) {
		_, _ = io.WriteString(w, "data: "+text+"\n\n") // as in answer
		_ = controller.Flush()
	}
	delta := func(delta map[string]any, finish any) map[string]any {
		return chatDocument("chat.completion.chunk", nil, map[string]any{"index": 0, "delta": delta, "finish_reason": finish})
	}
	for _, document := range []map[string]any{
		delta(map[string]any{"role": "assistant", "content": ""}, nil),
		delta(map[string]any{"content": ChatAnswer[:5]}, nil),
		delta(map[string]any{"content": ChatAnswer[5:]}, nil),
		delta(map[string]any{}, "stop"),
		chatDocument("chat.completion.chunk", usage),
	} {
		text, err := json.Marshal(document)
		if err != nil {
			panic(fmt.Sprintf("model server: %v", err)) // maps of strings and numbers
		}
		send(string(text))
	}
	send("[DONE]")
}

func (m *ModelServer) embeddings(w http.ResponseWriter, r *http.Request) {
	if _, ok := accept(w, r, EmbeddingModel); !ok {
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"object": "list", "model": EmbeddingModel,
		"data":  []any{map[string]any{"object": "embedding", "index": 0, "embedding": []float64{0.25, -0.5}}},
		"usage": map[string]any{"prompt_tokens": EmbeddingTokens, "total_tokens": EmbeddingTokens},
	})
}
