package gatewaytest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestCapturesAreWholeAndShared(t *testing.T) {
	t.Parallel()
	captures := Captures(t)
	require.NotEmpty(t, captures)
	for _, c := range captures {
		items := 0
		for i, b := range c.Clone() {
			items += b.Len()
			require.Equal(t, c.Batches[i].Text(), b.Text())
			for m := range b.Maps() {
				m.Clear()
			}
		}
		assert.Positive(t, items, c)
	}
	// Clearing the copies changed nothing.
	kong := Find(t, "kong/3.9.3-traces.jsonl")
	assert.Positive(t, Spans(kong.Batches[0].Traces)[0].Attributes().Len())
}

func TestBytesDoNotDependOnOrder(t *testing.T) {
	t.Parallel()
	a, b := Span(t, SpanSpec{Name: "n"}), Span(t, SpanSpec{Name: "n"})
	for i, td := range []ptrace.Traces{a, b} {
		m := Spans(td)[0].Attributes()
		if i == 0 {
			m.PutStr("x", "1")
			m.PutStr("y", "2")
		} else {
			m.PutStr("y", "2")
			m.PutStr("x", "1")
		}
	}
	first, err := Batch{Traces: a}.Bytes()
	require.NoError(t, err)
	second, err := Batch{Traces: b}.Bytes()
	require.NoError(t, err)
	assert.Equal(t, first, second)
	Spans(b)[0].Attributes().PutInt("x", 1)
	second, err = Batch{Traces: b}.Bytes()
	require.NoError(t, err)
	assert.NotEqual(t, first, second, "another type is another value")
}

func TestShapesShowsEachOnce(t *testing.T) {
	t.Parallel()
	td := Span(t, SpanSpec{Name: "a", Attrs: Attrs{"k": "1"}}, SpanSpec{Name: "a", Attrs: Attrs{"k": "2"}}, SpanSpec{Name: "a", Attrs: Attrs{"k": 3}},
		SpanSpec{Name: "b", Attrs: Attrs{"k": strings.Repeat("x", 1000)}})
	text, left := Shapes([]Batch{{Traces: td}})
	assert.Equal(t, 1, left, "only the value differs")
	assert.Equal(t, 3, strings.Count(text, "SPAN "))
	assert.Equal(t, 1, strings.Count(text, "RESOURCE "))
	assert.Contains(t, text, "(1002 bytes)")
	assert.Less(t, len(text), 1500)
	assert.Equal(t, 4, strings.Count(Traces(td), "SPAN "), "the full form leaves nothing out")
}
