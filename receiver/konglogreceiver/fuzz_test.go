package konglogreceiver

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// FuzzDecode makes records of arbitrary messages. Whatever they are, each part is a record or counted, attributes have names
// and are valid UTF-8, a body is the same records as its batches one by one, and gateway_semconv finds nothing to do.
func FuzzDecode(f *testing.F) {
	for _, messages := range recordings(f) {
		for _, m := range messages[:min(len(messages), 3)] {
			f.Add(m)
		}
	}
	f.Add(`{"":"v","own":{"":1},"list":[{"":[]}],"request":{"headers":{"":"v","user-agent":"https://u:p@h/?sig=s"}}}`)
	f.Add(`[{"a":1},{"a":2,},5,{},{"started_at":1e300,"request":{"uri":"http://u:p@h/?sig=s"}}`)
	f.Add(`<14>1 - [x] {"upstream_status":"-","source":"upstream","tries":[{"ip":"::1"}],"route":{"paths":["/"]}}`)
	f.Add(`{"request":{"method":"GET","uri":"/a","url":"HTTP://h/","scheme":"x?sig=S"},"service":{"protocol":"x?sig=S"}}`)
	d := testReceiver(f, nil).decoder
	f.Fuzz(func(t *testing.T, message string) {
		s := &httpServer{r: &kongReceiver{decoder: d}, cfg: &HTTPConfig{MaxInFlightSize: 1 << 30}}
		s.inFlight.left.Store(1 << 30)
		b, more, err := s.decode(oneMessage(message), int64(len(message)))
		require.NoError(t, err)
		require.Equal(t, int64(1<<30), s.inFlight.left.Load()+more)
		require.Positive(t, b.records.Len()+b.bad()+strings.Count(message, "["), "all that came is accounted for")

		n, bad := 0, 0
		for at, rest := (place{}), true; rest; {
			var part *batch
			part, at, rest = d.read(oneMessage(message), at)
			n, bad = n+part.records.Len(), bad+part.bad()
		}
		require.Equal(t, n, b.records.Len())
		require.Equal(t, bad, b.bad())

		d.finish(b)
		for _, rec := range b.records.All() {
			named(t, rec.Attributes())
		}
		var once plog.ProtoMarshaler
		before, err := once.MarshalLogs(b.logs)
		require.NoError(t, err)
		d.engine.Logs(b.logs)
		after, err := once.MarshalLogs(b.logs)
		require.NoError(t, err)
		require.Equal(t, before, after, "twice equals once")
	})
}

func oneMessage(text string) messages {
	return messages{size: len(text), at: func(i int) (string, int, bool) { return text, 1, i == 0 }}
}

func named(t *testing.T, m pcommon.Map) {
	t.Helper()
	for key, v := range m.All() {
		require.NotEmpty(t, key)
		require.True(t, utf8.ValidString(key))
		require.True(t, v.Type() != pcommon.ValueTypeStr || utf8.ValidString(v.Str()))
	}
}
