package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Content types of the payloads that PostRaw sends.
const (
	ContentTypeProtobuf = "application/x-protobuf" // OTLP/HTTP protobuf
	ContentTypeJSON     = "application/json"       // OTLP/HTTP JSON and Zipkin v2
)

// maxResponse bounds how much of a receiver's answer is read.
const maxResponse = 1 << 20

// Sender sends export requests. A nil error means that the receiver accepted every item of the request; a partial
// success is an error that carries the receiver's message. A Sender may be used by several goroutines.
type Sender interface {
	SendTraces(ctx context.Context, td ptrace.Traces) error
	SendLogs(ctx context.Context, ld plog.Logs) error
	Close() error
}

// GRPCSender sends OTLP/gRPC without TLS.
type GRPCSender struct {
	conn   *grpc.ClientConn
	traces ptraceotlp.GRPCClient
	logs   plogotlp.GRPCClient
}

var _ Sender = (*GRPCSender)(nil)

// NewGRPCSender returns a sender to a host:port. It connects with the first request.
func NewGRPCSender(endpoint string) (*GRPCSender, error) {
	conn, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true), grpc.MaxCallSendMsgSize(maxRequest)))
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", endpoint, err)
	}
	return &GRPCSender{conn: conn, traces: ptraceotlp.NewGRPCClient(conn), logs: plogotlp.NewGRPCClient(conn)}, nil
}

// SendTraces sends one export request. It waits for a connection as long as ctx allows.
func (s *GRPCSender) SendTraces(ctx context.Context, td ptrace.Traces) error {
	resp, err := s.traces.Export(ctx, ptraceotlp.NewExportRequestFromTraces(td))
	if err != nil {
		return fmt.Errorf("export traces over gRPC: %w", err)
	}
	return rejected("spans", resp.PartialSuccess().RejectedSpans(), resp.PartialSuccess().ErrorMessage())
}

// SendLogs sends one export request. It waits for a connection as long as ctx allows.
func (s *GRPCSender) SendLogs(ctx context.Context, ld plog.Logs) error {
	resp, err := s.logs.Export(ctx, plogotlp.NewExportRequestFromLogs(ld))
	if err != nil {
		return fmt.Errorf("export logs over gRPC: %w", err)
	}
	return rejected("log records", resp.PartialSuccess().RejectedLogRecords(), resp.PartialSuccess().ErrorMessage())
}

// Close closes the connection.
func (s *GRPCSender) Close() error { return s.conn.Close() }

// HTTPSender sends OTLP/HTTP without TLS, as protobuf or JSON.
type HTTPSender struct {
	base   string
	asJSON bool
	client *http.Client
}

var _ Sender = (*HTTPSender)(nil)

// NewHTTPSender returns a sender to a base URL such as http://127.0.0.1:4318. contentType is ContentTypeProtobuf or
// ContentTypeJSON.
func NewHTTPSender(baseURL, contentType string) (*HTTPSender, error) {
	if contentType != ContentTypeProtobuf && contentType != ContentTypeJSON {
		return nil, fmt.Errorf("content type: %q is not one of OTLP/HTTP, want %q or %q",
			contentType, ContentTypeProtobuf, ContentTypeJSON)
	}
	return &HTTPSender{
		base:   strings.TrimSuffix(baseURL, "/"),
		asJSON: contentType == ContentTypeJSON,
		client: &http.Client{Transport: &http.Transport{}},
	}, nil
}

// SendTraces posts one export request to /v1/traces.
func (s *HTTPSender) SendTraces(ctx context.Context, td ptrace.Traces) error {
	resp := ptraceotlp.NewExportResponse()
	if err := s.export(ctx, "/v1/traces", ptraceotlp.NewExportRequestFromTraces(td), resp); err != nil {
		return fmt.Errorf("export traces over HTTP: %w", err)
	}
	return rejected("spans", resp.PartialSuccess().RejectedSpans(), resp.PartialSuccess().ErrorMessage())
}

// SendLogs posts one export request to /v1/logs.
func (s *HTTPSender) SendLogs(ctx context.Context, ld plog.Logs) error {
	resp := plogotlp.NewExportResponse()
	if err := s.export(ctx, "/v1/logs", plogotlp.NewExportRequestFromLogs(ld), resp); err != nil {
		return fmt.Errorf("export logs over HTTP: %w", err)
	}
	return rejected("log records", resp.PartialSuccess().RejectedLogRecords(), resp.PartialSuccess().ErrorMessage())
}

// Close closes idle connections.
func (s *HTTPSender) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

type marshaler interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

type unmarshaler interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}

func (s *HTTPSender) export(ctx context.Context, path string, req marshaler, resp unmarshaler) error {
	contentType, marshal, unmarshal := ContentTypeProtobuf, req.MarshalProto, resp.UnmarshalProto
	if s.asJSON {
		contentType, marshal, unmarshal = ContentTypeJSON, req.MarshalJSON, resp.UnmarshalJSON
	}
	body, err := marshal()
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	code, answer, err := post(ctx, s.client, s.base+path, contentType, body)
	switch {
	case err != nil:
		return err
	case code != http.StatusOK:
		return fmt.Errorf("status %d: %q", code, answer)
	}
	if err := unmarshal(answer); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

// PostRaw posts body as it is and returns the receiver's status code and answer. Any status code is a success of
// PostRaw; an error means that there was no answer.
func PostRaw(ctx context.Context, url, contentType string, body []byte) (code int, answer []byte, err error) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	return post(ctx, client, url, contentType, body)
}

func post(ctx context.Context, client *http.Client, url, contentType string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return 0, nil, fmt.Errorf("read answer of %s: %w", url, err)
	}
	return resp.StatusCode, answer, nil
}

func rejected(items string, count int64, message string) error {
	if count == 0 {
		return nil
	}
	return fmt.Errorf("receiver rejected %d %s: %s", count, items, message)
}
