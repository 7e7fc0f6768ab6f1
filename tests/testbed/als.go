package testbed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

const (
	alsMethod = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"
	// maxALSBytes is how much an ALS server keeps before it ends the stream.
	maxALSBytes = 16 << 20
)

// ALS is a server of Envoy's access log service (envoy/service/accesslog/v3/als.proto) that keeps the messages as they came
// on the wire, until the Collector has a receiver for them.
type ALS struct {
	address string

	mu       sync.Mutex
	messages [][]byte
	size     int
}

// StartALS listens on a free loopback port until the end of the test.
func StartALS(tb testing.TB) *ALS {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	a := &ALS{address: listener.Addr().String()}
	server := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(a.receive))
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	tb.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			tb.Errorf("ALS: %v", err)
		}
	})
	return a
}

// Address is host:port.
func (a *ALS) Address() string { return a.address }

func (a *ALS) receive(_ any, stream grpc.ServerStream) error {
	if method, _ := grpc.MethodFromServerStream(stream); method != alsMethod {
		return fmt.Errorf("method is %s, want %s", method, alsMethod)
	}
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		a.mu.Lock()
		full := a.size+len(message) > maxALSBytes
		if !full {
			a.messages = append(a.messages, message)
			a.size += len(message)
		}
		a.mu.Unlock()
		if full {
			return fmt.Errorf("more than %d bytes of access logs", maxALSBytes)
		}
	}
}

// ALSEntry is what tests look at in one HTTPAccessLogEntry (envoy/data/accesslog/v3/accesslog.proto).
type ALSEntry struct {
	Path         string            // request.path
	UserAgent    string            // request.user_agent
	RequestID    string            // request.request_id
	StreamID     string            // common_properties.stream_id
	Cluster      string            // common_properties.upstream_cluster
	CustomTags   map[string]string // common_properties.custom_tags
	ResponseCode int               // response.response_code, 0 when absent
}

// Entries decodes what came so far. Identifiers counts the messages that carried one: Envoy sends it with the first
// message of a stream only.
func (a *ALS) Entries() (entries []ALSEntry, identifiers int, err error) {
	a.mu.Lock()
	messages := slices.Clone(a.messages)
	a.mu.Unlock()
	for _, message := range messages {
		m, err := decodeFields(message)
		if err != nil {
			return nil, 0, err
		}
		identifiers += len(m[1])
		for _, logs := range m[2] {
			list, err := decodeFields(logs)
			if err != nil {
				return nil, 0, err
			}
			for _, text := range list[1] {
				entry, err := decodeEntry(text)
				if err != nil {
					return nil, 0, err
				}
				entries = append(entries, entry)
			}
		}
	}
	return entries, identifiers, nil
}

// Want returns the entries once there are at least that many, with the identifier that the first message has to carry.
func (a *ALS) Want(count int) ([]ALSEntry, error) {
	entries, identifiers, err := a.Entries()
	switch {
	case err != nil:
		return nil, err
	case len(entries) < count:
		return nil, fmt.Errorf("%d of %d entries came", len(entries), count)
	case identifiers == 0:
		return nil, errors.New("no message carried an identifier")
	}
	return entries, nil
}

func decodeEntry(text []byte) (ALSEntry, error) {
	entry, err := decodeFields(text)
	if err != nil {
		return ALSEntry{}, err
	}
	common, err := decodeFields(entry.first(1))
	if err != nil {
		return ALSEntry{}, err
	}
	request, err := decodeFields(entry.first(3))
	if err != nil {
		return ALSEntry{}, err
	}
	response, err := decodeFields(entry.first(4))
	if err != nil {
		return ALSEntry{}, err
	}
	code, err := decodeFields(response.first(1)) // google.protobuf.UInt32Value
	if err != nil {
		return ALSEntry{}, err
	}
	e := ALSEntry{
		Path:       string(request.first(5)),
		UserAgent:  string(request.first(6)),
		RequestID:  string(request.first(9)),
		StreamID:   string(common.first(26)),
		Cluster:    string(common.first(15)),
		CustomTags: map[string]string{},
	}
	if number, n := binary.Uvarint(code.first(1)); n > 0 {
		e.ResponseCode = int(number)
	}
	for _, tag := range common[22] {
		pair, err := decodeFields(tag)
		if err != nil {
			return ALSEntry{}, err
		}
		e.CustomTags[string(pair.first(1))] = string(pair.first(2))
	}
	return e, nil
}

// fields are the values of one protobuf message by field number: the content of length-delimited fields, the varint's
// bytes of the others.
type fields map[int][][]byte

func (f fields) first(number int) []byte {
	if len(f[number]) == 0 {
		return nil
	}
	return f[number][0]
}

var errProtobuf = errors.New("not a protobuf message")

// decodeFields reads the wire format (protobuf.dev, encoding), which is little enough to need no generated code.
func decodeFields(message []byte) (fields, error) {
	f := fields{}
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 {
			return nil, errProtobuf
		}
		message = message[n:]
		var size, skip int
		switch tag & 7 {
		case 0:
			_, size = binary.Uvarint(message)
		case 1:
			size = 8
		case 2:
			length, n := binary.Uvarint(message)
			if n <= 0 || length > uint64(len(message)) {
				return nil, errProtobuf
			}
			size, skip = int(length), n
		case 5:
			size = 4
		default:
			return nil, errProtobuf
		}
		if size < 0 || skip+size > len(message) || size == 0 && tag&7 == 0 {
			return nil, errProtobuf
		}
		f[int(tag>>3)] = append(f[int(tag>>3)], message[skip:skip+size])
		message = message[skip+size:]
	}
	return f, nil
}

// rawCodec hands messages over as bytes.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("marshal %T: want *[]byte", v)
	}
	return *b, nil
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("unmarshal into %T: want *[]byte", v)
	}
	*b = slices.Clone(data)
	return nil
}

func (rawCodec) Name() string { return "raw" }
