package envoyalsreceiver

import (
	"context"
	"errors"
	"io"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/receiver/envoyalsreceiver/internal/als"
)

// service is envoy/service/accesslog/v3/als.proto with messages as bytes (see codec.go).
var service = grpc.ServiceDesc{
	ServiceName: "envoy.service.accesslog.v3.AccessLogService",
	HandlerType: (*streamServer)(nil),
	Streams: []grpc.StreamDesc{{
		StreamName:    "StreamAccessLogs",
		Handler:       func(srv any, s grpc.ServerStream) error { return srv.(streamServer).serve(s) },
		ClientStreams: true,
	}},
	Metadata: "envoy/service/accesslog/v3/als.proto",
}

type streamServer interface {
	serve(stream grpc.ServerStream) error
}

var (
	errStopping = status.Error(codes.Unavailable, "the receiver stops")
	errFull     = status.Error(codes.ResourceExhausted, "max_streams of the receiver are open")
	errHeld     = status.Error(codes.ResourceExhausted, "max_held_size of the receiver is in use")
)

// maxBatch bounds the records that one message becomes at a time: a message of the largest size can hold two million
// empty entries.
const maxBatch = 1024

// stream is one stream of one Envoy worker.
type stream struct {
	*alsReceiver
	ctx     context.Context // of the client's metadata and authentication, without its end
	decoder *als.Decoder
	// resource is what the identifier, and then the engine, said about the sender. It holds for the whole stream.
	resource  pcommon.Map
	schemaURL string
	warned    bool
}

// serve is the life of a stream: gRPC calls it on a goroutine of its own. A message is read when the one before is
// taken by the next component; until then, flow control makes Envoy wait.
func (r *alsReceiver) serve(from grpc.ServerStream) error {
	if ok, stopping := r.gate.enter(); stopping {
		return errStopping
	} else if !ok {
		r.refuse(from.Context(), refusedStreams)
		return errFull
	}
	defer r.gate.leave()
	// What was read is not let go when the client leaves, only when the receiver has to stop.
	ctx, cancel := context.WithCancel(context.WithoutCancel(from.Context()))
	defer context.AfterFunc(r.life, cancel)()
	defer cancel()
	r.telemetry.ReceiverEnvoyAlsStreams.Add(ctx, 1)
	defer r.telemetry.ReceiverEnvoyAlsStreams.Add(ctx, -1)

	s := &stream{alsReceiver: r, ctx: ctx, decoder: als.NewDecoder(r.decoding), resource: pcommon.NewMap()}
	_ = s.decoder.Resource(nil, s.resource) // of nothing, nothing is wrong
	for {
		// Without room the stream is not read, and flow control makes Envoy wait.
		if !r.held.room(r.cfg.maxMessage(), r.gate.closing, from.Context().Done()) {
			return errStopping
		}
		var m message
		switch err := from.RecvMsg(&m); {
		case errors.Is(err, io.EOF):
			return from.SendMsg(response{})
		case err != nil:
			if status.Code(err) == codes.ResourceExhausted { // gRPC's own: clients send no status
				r.refuse(ctx, refusedMessage)
			}
			return err
		}
		if err := s.work(&m); err != nil {
			return err
		}
	}
}

// work does what there is to do with a message; it returns an error when that is the last one of the stream.
func (s *stream) work(m *message) error {
	defer m.free()
	size := int64(len(m.bytes()))
	if !s.gate.begin() {
		s.telemetry.dropped(s.ctx, als.Count(m.bytes()), lostShutdown)
		return errStopping
	}
	// Several streams may have begun to read when there was room for one.
	if !s.held.take(size, heldPatience, s.life.Done()) {
		s.telemetry.dropped(s.ctx, als.Count(m.bytes()), lostHeld)
		s.refuse(s.ctx, refusedHeld)
		s.gate.end()
		return errHeld
	}
	s.take(m.bytes())
	s.held.give(size)
	if !s.gate.end() {
		return errStopping
	}
	return nil
}

// refuse counts a stream that a limit refused or ended, and says so once per limit.
func (r *alsReceiver) refuse(ctx context.Context, why refusal) {
	r.telemetry.refused(ctx, why)
	r.told[why].Do(func() {
		r.settings.Logger.Warn("A limit refused or ended a stream; further ones are only counted",
			zap.String("limit", refusalNames[why]))
	})
}

// take turns one message into records and hands them on.
func (s *stream) take(message []byte) {
	if id, ok := als.Identifier(message); ok {
		s.resource.Clear()
		s.schemaURL = ""
		counts := s.decoder.Resource(id, s.resource)
		s.note(&counts)
	}
	cursor := als.Open(message)
	for {
		begin := cursor
		ld, counts, stats := s.batch(&cursor)
		s.note(&counts)
		s.telemetry.rewritten(s.ctx, stats)
		n := ld.LogRecordCount()
		if n > 0 {
			s.deliver(ld, n, func() plog.Logs {
				again := begin
				ld, _, _ := s.batch(&again) // counted the first time
				return ld
			})
		}
		if n < maxBatch {
			return
		}
	}
}

// batch makes records of the next entries, in the conventions.
func (s *stream) batch(cursor *als.Cursor) (plog.Logs, als.Counts, gateway.Stats) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	counts := s.decoder.Records(cursor, maxBatch, pcommon.NewTimestampFromTime(time.Now()), records)
	if records.Len() == 0 {
		return ld, counts, nil
	}
	resource := rl.Resource().Attributes()
	s.resource.CopyTo(resource)
	rl.SetSchemaUrl(s.schemaURL)
	stats := s.engine.Logs(ld)
	s.engine.RedactLogs(ld)
	// What the engine found out by these entries, such as the pod behind a node id of a control plane it recognized by a
	// cluster's name, holds for entries that show less.
	if resource.Len() > s.resource.Len() {
		resource.CopyTo(s.resource)
		s.schemaURL = rl.SchemaUrl()
	}
	return ld, counts, stats
}

// note counts what became of entries or an identifier, and says once that something was wrong.
func (s *stream) note(counts *als.Counts) {
	s.telemetry.decoded(s.ctx, counts)
	if counts.Malformed != [als.MalformedCount]int{} {
		s.warn(counts)
	}
}

// warn says once per stream that entries could not be read in full. What was in them does not go to the log.
func (s *stream) warn(counts *als.Counts) {
	if s.warned {
		return
	}
	s.warned = true
	node, _ := s.resource.Get("node_name")
	fields := []zap.Field{zap.String("node", node.Str())}
	for i, n := range counts.Malformed {
		if n > 0 {
			fields = append(fields, zap.Int(als.Malformed(i).String(), n))
		}
	}
	s.settings.Logger.Warn("Entries or the node could not be read in full; this stream's further ones are only counted", fields...)
}
