package envoyalsreceiver

import (
	"fmt"

	"google.golang.org/grpc/mem"
)

// codec is the only codec of the server: it hands messages over as the bytes they were sent as, because internal/als
// reads the wire format itself.
type codec struct{}

// message is a StreamAccessLogsMessage as it came. It holds a buffer of gRPC's pool until free is called.
type message struct{ buffer mem.Buffer }

func (m *message) bytes() []byte { return m.buffer.ReadOnlyData() }

func (m *message) free() {
	if m.buffer != nil {
		m.buffer.Free()
		m.buffer = nil
	}
}

// response is a StreamAccessLogsResponse, which has no fields.
type response struct{}

// Name says which content types the server speaks: "application/grpc+proto", and the one without a name.
func (codec) Name() string { return "proto" }

func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*message)
	if !ok {
		return fmt.Errorf("read into %T: want *message", v)
	}
	m.buffer = data.MaterializeToBuffer(mem.DefaultBufferPool())
	return nil
}

func (codec) Marshal(v any) (mem.BufferSlice, error) {
	if _, ok := v.(response); !ok {
		return nil, fmt.Errorf("write %T: want response", v)
	}
	return nil, nil
}
