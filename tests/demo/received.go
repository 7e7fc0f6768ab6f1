package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	accesslog "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/gatehouse-otel/gatehouse/internal/replay"
)

// What a gateway's own protocol says about one request, in the guise of fields: there is no OTLP before the receiver.
const (
	fieldMessage = "(message)" // an entry of Envoy's access log service, a record of a Kong plugin; JSON
	fieldStream  = "(stream)"  // what Envoy says about itself at the beginning of a stream; JSON
)

// allCaptures lists the recordings that the demo replays: all but those of Kong's tcp-log and udp-log plugins, which have
// the same records as http-log and no answer that would tell when they were taken.
func allCaptures(root string) ([]replay.Capture, error) {
	all, err := replay.All(root)
	if err != nil {
		return nil, err
	}
	als, err := replay.Of(root, replay.FormatALS)
	if err != nil {
		return nil, err
	}
	kong, err := replay.Of(root, replay.FormatKongLog)
	if err != nil {
		return nil, err
	}
	all = append(all, als...)
	for _, c := range kong {
		if isHTTPLog(c) {
			all = append(all, c)
		}
	}
	return all, nil
}

// messageItems lists the log records that the payloads of a receiver's own format become, in order.
func messageItems(c replay.Capture, payloads [][]byte) ([]item, error) {
	var items []item
	stream := ""
	for i, payload := range payloads {
		entries, identifier, err := split(c.Format, payload)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i+1, err)
		}
		if identifier != nil {
			stream = string(identifier)
		}
		for _, entry := range entries {
			var f facts
			f.field(fieldMessage, string(entry))
			f.field(fieldStream, stream)
			items = append(items, item{source: c.String(), facts: f})
		}
	}
	return items, nil
}

// split cuts a message into what becomes a log record each. identifier is Envoy's word about itself, in the first message
// of a stream.
func split(format replay.Format, payload []byte) (entries []json.RawMessage, identifier json.RawMessage, err error) {
	if format == replay.FormatKongLog {
		if !bytes.HasPrefix(payload, []byte("[")) {
			return []json.RawMessage{payload}, nil, nil
		}
		err = json.Unmarshal(payload, &entries)
		return entries, nil, err
	}
	type logEntries struct {
		LogEntry []json.RawMessage `json:"logEntry"`
	}
	var message struct {
		Identifier json.RawMessage `json:"identifier"`
		HTTPLogs   logEntries      `json:"httpLogs"`
		TCPLogs    logEntries      `json:"tcpLogs"`
	}
	err = json.Unmarshal(payload, &message)
	return append(message.HTTPLogs.LogEntry, message.TCPLogs.LogEntry...), message.Identifier, err
}

// postKong sends bodies as Kong's http-log plugin does.
func (d *demo) postKong(ctx context.Context, payloads [][]byte) error {
	for _, payload := range payloads {
		code, answer, err := replay.PostRaw(ctx, "http://"+d.process.Config().KongHTTP, replay.ContentTypeJSON, payload)
		if err != nil {
			return err
		}
		if code != http.StatusOK {
			return fmt.Errorf("kong_log receiver answered %d: %q", code, answer)
		}
	}
	return nil
}

// streamALS sends messages as Envoy does. A stream begins where a message has an identifier, and the one before it has
// been taken by then, so that records keep their order.
func (d *demo) streamALS(ctx context.Context, payloads [][]byte) error {
	conn, err := grpc.NewClient(d.process.Config().EnvoyALS, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // its streams have ended
	var stream accesslog.AccessLogService_StreamAccessLogsClient
	end := func() error {
		if stream == nil {
			return nil
		}
		_, err := stream.CloseAndRecv()
		return err
	}
	for i, payload := range payloads {
		var message accesslog.StreamAccessLogsMessage
		if err := protojson.Unmarshal(payload, &message); err != nil {
			return fmt.Errorf("message %d: %w", i+1, err)
		}
		if stream == nil || message.GetIdentifier() != nil {
			if err := end(); err != nil {
				return err
			}
			if stream, err = accesslog.NewAccessLogServiceClient(conn).StreamAccessLogs(ctx, grpc.WaitForReady(true)); err != nil {
				return err
			}
		}
		if err := stream.Send(&message); err != nil {
			return fmt.Errorf("message %d: %w", i+1, err)
		}
	}
	return end()
}
