package gateway

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/gatehouse-otel/gatehouse/internal/attrs"
	"github.com/gatehouse-otel/gatehouse/internal/logline"
)

// content treats prompt and completion text as the user asked.
func (w *work) content(r *rule, i int32, key string, v pcommon.Value) {
	switch w.e.opts.Content {
	case ContentDrop:
		w.drop(i) // in every mode
		w.ev.dropped = true
	case ContentConvert:
		if r.self || len(r.To) == 0 || r.To[0] == "" {
			break
		}
		if w.msgs.add(r.To[0], key[min(r.chop, len(key)):], r.chop > 0, v) {
			w.consumed(r, i)
		} else {
			w.fail(ReasonJSON)
		}
		return
	}
	if r.self {
		if w.e.opts.Content == ContentConvert {
			w.withParts(v)
		}
		w.present(r.to[0], i, v)
	} else if w.e.opts.Content == ContentKeep {
		w.leftover = true
	}
}

// withParts brings messages under their current name to the convention's form: {role, content} becomes
// {role, parts} (Kong 3.13 writes them in the way of the model's API).
func (w *work) withParts(v pcommon.Value) {
	if v.Type() != pcommon.ValueTypeSlice {
		return
	}
	for _, e := range v.Slice().All() {
		if e.Type() != pcommon.ValueTypeMap {
			continue
		}
		o := e.Map()
		content, ok := o.Get("content")
		if _, has := o.Get("parts"); has || !ok || content.Type() != pcommon.ValueTypeStr {
			continue
		}
		text := content.Str()
		o.Remove("content")
		part := o.PutEmptySlice("parts").AppendEmpty().SetEmptyMap()
		part.PutStr("type", "text")
		part.PutStr("content", text)
		w.changed = true
	}
}

// dropsTexts tells whether error texts of this item may repeat a prompt that must not be kept.
func (w *work) dropsTexts() bool {
	return w.e.opts.Content == ContentDrop && (w.ev.genAI || w.ev.openInference != "" || w.field(slotProvider) != nil)
}

// finishContent removes the copies of prompts that gateways put into error texts (Envoy AI Gateway 1.2.0: the
// exception's message and the status message hold the response body).
func (w *work) finishContent(span ptrace.Span) {
	if !w.dropsTexts() {
		return
	}
	if span.Status().Message() != "" {
		span.Status().SetMessage("")
		w.changed = true
	}
	for _, event := range span.Events().All() {
		if event.Attributes().Remove(attrs.ExceptionMessage) {
			w.changed = true
		}
	}
}

// maxMessages bounds the messages of one item, maxCalls the tool calls of one message.
const (
	maxMessages = 256
	maxCalls    = 64
)

// messages collects what flattened attributes say about a conversation, and writes it in the convention's
// form (gen-ai-input-messages.json, gen-ai-output-messages.json, semantic conventions 1.41.0).
type messages struct {
	later             []laterRule
	input, output     []message
	plainIn, plainOut string
	tools             []string
}

type message struct {
	role, content, name, finish, callID string
	calls                               []toolCall
}

type toolCall struct{ id, name, arguments string }

func (m *messages) reset() {
	clear(m.later)
	m.later = m.later[:0]
	clear(m.input)
	clear(m.output)
	clear(m.tools)
	m.input, m.output, m.tools = m.input[:0], m.output[:0], m.tools[:0]
	m.plainIn, m.plainOut = "", ""
}

// add takes one attribute. rest is the key behind the template's prefix: "0.message.content".
func (m *messages) add(target, rest string, template bool, v pcommon.Value) bool {
	if v.Type() != pcommon.ValueTypeStr && v.Type() != pcommon.ValueTypeInt && v.Type() != pcommon.ValueTypeBool {
		return false
	}
	text := v.AsString()
	if !template {
		switch target {
		case attrs.GenAIInputMessages:
			m.plainIn = text
		case attrs.GenAIOutputMessages:
			m.plainOut = text
		default:
			return false
		}
		return true
	}
	n, rest, ok := index(rest)
	if !ok {
		return false
	}
	switch target {
	case attrs.GenAIInputMessages:
		return grow(&m.input, n).set(rest, text)
	case attrs.GenAIOutputMessages:
		return grow(&m.output, n).set(rest, text)
	case attrs.GenAIToolDefinitions:
		*grow(&m.tools, n) = text
		return true
	}
	return false
}

// index cuts "12.rest" into 12 and "rest".
func index(s string) (int, string, bool) {
	head, rest, _ := strings.Cut(s, ".")
	n, err := strconv.ParseUint(head, 10, 16)
	return int(n), rest, err == nil && head[0] != '+' && n < maxMessages
}

func grow[T any](s *[]T, n int) *T {
	for len(*s) <= n {
		var zero T
		*s = append(*s, zero)
	}
	return &(*s)[n]
}

// set reads one part: OpenLLMetry's "content", OpenInference's "message.content", and their tool calls.
func (m *message) set(part, text string) bool {
	part = strings.TrimPrefix(part, "message.")
	switch part {
	case "role":
		m.role = text
	case "content":
		m.content = text
	case "name":
		m.name = text
	case "finish_reason":
		m.finish = text
	case "tool_call_id":
		m.callID = text
	default:
		if rest, ok := strings.CutPrefix(part, "contents."); ok {
			if _, rest, ok = index(rest); ok && rest == "message_content.text" {
				m.content += text
			}
			return ok
		}
		rest, ok := strings.CutPrefix(part, "tool_calls.")
		if !ok {
			return false
		}
		n, rest, ok := index(rest)
		if !ok || n >= maxCalls {
			return false
		}
		call := grow(&m.calls, n)
		switch strings.TrimPrefix(rest, "tool_call.") {
		case "id":
			call.id = text
		case "name", "function.name":
			call.name = text
		case "arguments", "function.arguments":
			call.arguments = text
		default:
			return false
		}
	}
	return true
}

// write turns what was collected into attributes.
func (m *messages) write(w *work) {
	if len(m.input) == 0 && m.plainIn != "" {
		m.input = plain(m.plainIn, "user", m.input)
	}
	if len(m.output) == 0 && m.plainOut != "" {
		m.output = plain(m.plainOut, "assistant", m.output)
	}
	m.writeTo(w, attrs.GenAIInputMessages, slotInputMessages, m.input, false)
	m.writeTo(w, attrs.GenAIOutputMessages, slotOutputMessages, m.output, true)
	if len(m.tools) > 0 && w.field(slotToolDefinitions) == nil {
		d := dynamic{key: attrs.GenAIToolDefinitions, attr: -1, val: pcommon.NewValueSlice()}
		for _, t := range m.tools {
			e := d.val.Slice().AppendEmpty()
			if _, err := logline.Parse(logline.FormatJSON, t, e.SetEmptyMap()); err != nil {
				e.SetStr(t)
			}
		}
		w.addDynamic(d)
	}
}

// plain reads one text for a whole conversation: a JSON list of messages, a model API's request or response
// body, or simply what was said.
func plain(text, role string, into []message) []message {
	wrapped := pcommon.NewMap()
	body := text
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		body = `{"messages":` + text + `}`
	}
	if _, err := logline.Parse(logline.FormatJSON, body, wrapped); err == nil {
		list, ok := wrapped.Get("messages")
		if !ok {
			list, ok = wrapped.Get("choices")
		}
		if ok && list.Type() == pcommon.ValueTypeSlice {
			for _, e := range list.Slice().All() {
				if e.Type() == pcommon.ValueTypeMap && len(into) < maxMessages {
					into = append(into, fromObject(e.Map(), role))
				}
			}
			return into
		}
	}
	return append(into, message{role: role, content: text})
}

func fromObject(o pcommon.Map, role string) message {
	out := message{role: role}
	if inner, ok := o.Get("message"); ok && inner.Type() == pcommon.ValueTypeMap {
		if f, has := o.Get("finish_reason"); has {
			out.finish = f.AsString()
		}
		o = inner.Map()
	}
	for key, v := range o.All() {
		switch key {
		case "role":
			out.role = v.AsString()
		case "content":
			out.content = v.AsString()
		case "name":
			out.name = v.AsString()
		case "finish_reason":
			out.finish = v.AsString()
		case "tool_call_id":
			out.callID = v.AsString()
		}
	}
	return out
}

func (m *messages) writeTo(w *work, key string, s slot, list []message, output bool) {
	if len(list) == 0 || w.field(s) != nil {
		return
	}
	d := dynamic{key: key, attr: -1, val: pcommon.NewValueSlice()}
	for i := range list {
		if list[i].empty() {
			continue // a gap in the numbering
		}
		list[i].put(d.val.Slice().AppendEmpty().SetEmptyMap(), output)
	}
	w.addDynamic(d)
}

func (m *message) empty() bool {
	return m.role == "" && m.content == "" && m.name == "" && m.finish == "" && m.callID == "" && len(m.calls) == 0
}

func (m *message) put(o pcommon.Map, output bool) {
	role := m.role
	if role == "" && output {
		role = "assistant"
	}
	o.PutStr("role", role)
	parts := o.PutEmptySlice("parts")
	switch {
	case m.callID != "":
		p := parts.AppendEmpty().SetEmptyMap()
		p.PutStr("type", "tool_call_response")
		p.PutStr("id", m.callID)
		p.PutStr("response", m.content)
	case m.content != "":
		p := parts.AppendEmpty().SetEmptyMap()
		p.PutStr("type", "text")
		p.PutStr("content", m.content)
	}
	for _, c := range m.calls {
		if c == (toolCall{}) {
			continue
		}
		p := parts.AppendEmpty().SetEmptyMap()
		p.PutStr("type", "tool_call")
		if c.id != "" {
			p.PutStr("id", c.id)
		}
		p.PutStr("name", c.name)
		p.PutStr("arguments", c.arguments)
	}
	if m.name != "" {
		o.PutStr("name", m.name)
	}
	if output && m.finish != "" {
		o.PutStr("finish_reason", m.finish)
	}
}
