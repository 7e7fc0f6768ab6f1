package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/translator/zipkin/zipkinv2"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Payloads returns the recorded requests as bytes, untouched: one element per export request (OTLP, Zipkin) or per
// line without its line end. Blank lines are left out.
func (c Capture) Payloads() ([][]byte, error) {
	data, err := os.ReadFile(c.Path)
	if err != nil {
		return nil, fmt.Errorf("read capture: %w", err)
	}
	switch {
	case c.Format == FormatOTLPProto, c.Format == FormatOTLPJSON && filepath.Ext(c.Path) == ".json":
		return [][]byte{data}, nil
	case c.Format == FormatBody:
		var line bytes.Buffer
		if err := json.Compact(&line, data); err != nil {
			return nil, fmt.Errorf("capture %s: %w", c, err)
		}
		return [][]byte{line.Bytes()}, nil
	}
	var payloads [][]byte
	for line := range bytes.Lines(data) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			payloads = append(payloads, line)
		}
	}
	return payloads, nil
}

// Traces returns the recorded export requests, batch borders kept. It fails on a capture of logs.
//
// Strings keep their bytes: the OTLP/JSON and protobuf decoders of pdata do not check UTF-8, so the invalid bytes that
// Kong sends in http.url arrive here as they were. (The protobuf specification asks for UTF-8, and strict decoders
// refuse the whole request.) Zipkin payloads are translated as the zipkin receiver does by default, string tags left
// strings.
func (c Capture) Traces() ([]ptrace.Traces, error) {
	var unmarshaler ptrace.Unmarshaler
	switch {
	case c.Signal != SignalTraces:
		return nil, fmt.Errorf("capture %s: holds %s, want traces", c, c.Signal)
	case c.Format == FormatOTLPProto:
		unmarshaler = &ptrace.ProtoUnmarshaler{}
	case c.Format == FormatZipkin:
		unmarshaler = zipkinv2.NewJSONTracesUnmarshaler(false)
	default:
		unmarshaler = &ptrace.JSONUnmarshaler{}
	}
	return decode(c, unmarshaler.UnmarshalTraces)
}

// Logs returns the recorded export requests, batch borders kept, or the lines of a file as the file_log receiver hands
// them over (WrapLines). It fails on a capture of traces.
func (c Capture) Logs() ([]plog.Logs, error) {
	switch {
	case c.Signal != SignalLogs:
		return nil, fmt.Errorf("capture %s: holds %s, want logs", c, c.Signal)
	case receivers[c.Format]:
		return nil, fmt.Errorf("capture %s: only a receiver reads %s: take its Payloads", c, c.Format)
	case c.Format == FormatLines, c.Format == FormatBody:
		lines, err := c.Payloads()
		if err != nil {
			return nil, err
		}
		return WrapLines(filepath.Base(c.Path), lines), nil
	case c.Format == FormatOTLPProto:
		return decode(c, (&plog.ProtoUnmarshaler{}).UnmarshalLogs)
	}
	return decode(c, (&plog.JSONUnmarshaler{}).UnmarshalLogs)
}

// decode runs every payload of a capture through one decoder. An error names the request, counted from 1.
func decode[T any](c Capture, unmarshal func([]byte) (T, error)) ([]T, error) {
	payloads, err := c.Payloads()
	if err != nil {
		return nil, err
	}
	batches := make([]T, 0, len(payloads))
	for i, payload := range payloads {
		batch, err := unmarshal(payload)
		if err != nil {
			return nil, fmt.Errorf("capture %s: request %d: %w", c, i+1, err)
		}
		batches = append(batches, batch)
	}
	return batches, nil
}
