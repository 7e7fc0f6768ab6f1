package testbed

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// field writes a length-delimited field of fewer than 128 bytes whose number is below 16, or below 32 with two tag bytes.
func field(number byte, content string) string {
	tag := []byte{number<<3 | 2}
	if number > 15 {
		tag = []byte{number<<3&0x7f | 2 | 0x80, number >> 4}
	}
	return string(tag) + string([]byte{byte(len(content))}) + content
}

func TestALS(t *testing.T) {
	als := StartALS(t)
	conn, err := grpc.NewClient(als.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, alsMethod)
	require.NoError(t, err)
	_, err = als.Want(1)
	require.ErrorContains(t, err, "0 of 1 entries came")

	entry := field(1, field(15, "cluster")+field(22, field(1, "tenant")+field(2, "acme"))+field(26, "id")) +
		field(3, field(5, "/path")+field(6, "agent")+field(9, "id")) +
		field(4, field(1, "\x08\xc8\x01"))
	message := []byte(field(1, "node") + field(2, field(1, entry)))
	require.NoError(t, stream.SendMsg(&message))
	var entries []ALSEntry
	Eventually(t, readyTimeout, "a message to cross a connection", func(context.Context) (err error) {
		entries, err = als.Want(1)
		return err
	})
	assert.Equal(t, []ALSEntry{{
		Path: "/path", UserAgent: "agent", RequestID: "id", StreamID: "id", Cluster: "cluster",
		CustomTags: map[string]string{"tenant": "acme"}, ResponseCode: 200,
	}}, entries)
	require.NoError(t, stream.CloseSend())
}

func TestDecodeFieldsRefusesGarbage(t *testing.T) {
	for _, text := range []string{"\xff", "\x0a", "\x0a\x05abc", "\x08", "\x09abc", "\x0dab", "\x0b", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		_, err := decodeFields([]byte(text))
		assert.ErrorIs(t, err, errProtobuf, "%q", text)
	}
}
