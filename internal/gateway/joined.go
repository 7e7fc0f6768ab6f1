package gateway

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/gatehouse-otel/gatehouse/internal/parse"
)

// joined reads attributes whose successor is made of two of them. finishJoined writes it.
func (w *work) joined(r *rule, i int32, v pcommon.Value) {
	if v.Type() != pcommon.ValueTypeStr {
		w.fail(ReasonType)
		return
	}
	s := v.Str()
	switch r.op {
	case OpDBName:
		w.ev.dbName, w.ev.dbNameAt = s, i
	case OpDBInstance:
		w.ev.dbInstance, w.ev.dbInstanceAt = s, i
	case OpDBInstanceID:
		w.emit(&field{slot: slotElasticNode, prio: prioYield, kind: fieldValue, attr: i, val: v})
		w.consumed(r, i)
	case OpConnString:
		if host, port, ok := connHost(s); ok {
			w.emitStr(r.to[0], host, prioYield)
			if port > 0 && len(r.To) > 1 {
				w.emitInt(r.to[1], int64(port), prioYield)
			}
		}
		w.drop(i) // in every mode: it may hold a password
	case OpCodeNamespace:
		w.ev.namespace, w.ev.namespaceAt = s, i
	case OpCodeFunction:
		w.ev.function, w.ev.functionAt = s, i
	}
}

// connHost finds the endpoint of a URL-like connection string, or of "Server=host,port;…".
func connHost(s string) (string, int, bool) {
	if _, after, ok := strings.Cut(s, "://"); ok {
		end := strings.IndexAny(after, "/?#")
		if end >= 0 {
			after = after[:end]
		}
		after = after[strings.LastIndexByte(after, '@')+1:]
		after, _, _ = strings.Cut(after, ",")
		return parse.HostPort(after)
	}
	for part := range strings.SplitSeq(s, ";") {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "server", "data source", "host", "addr", "address":
			value = strings.TrimPrefix(strings.TrimSpace(value), "tcp:")
			if host, port, found := strings.Cut(value, ","); found {
				value = host + ":" + strings.TrimSpace(port)
			}
			return parse.HostPort(value)
		}
	}
	return "", 0, false
}

func (w *work) finishJoined() {
	ev := &w.ev
	if ev.dbNameAt >= 0 || ev.dbInstanceAt >= 0 {
		name := ev.dbName
		if ev.dbInstance != "" {
			name = ev.dbInstance
			if ev.dbName != "" {
				name += "|" + ev.dbName
			}
		}
		w.joinedTo(slotDBNamespace, name, ev.dbNameAt, ev.dbInstanceAt)
	}
	switch {
	case ev.functionAt >= 0:
		name := ev.function
		if ev.namespace != "" && !strings.HasPrefix(name, ev.namespace+".") {
			name = ev.namespace + "." + name
		}
		w.joinedTo(slotCodeFunction, name, ev.functionAt, ev.namespaceAt)
	case ev.namespaceAt >= 0:
		w.leftover = true // a namespace alone has no successor
	}
	if f := w.field(slotElasticNode); f != nil && f.state == fieldPending && f.prio == prioYield && w.text(slotDBSystem) != "elasticsearch" {
		w.keep(f.attr)
		f.state = fieldGone
		w.leftover = true
	}
}

func (w *work) joinedTo(s slot, text string, attrs ...int32) {
	if text != "" {
		w.emitStr(s, text, prioDirect)
	}
	if w.e.replace {
		for _, i := range attrs {
			w.drop(i)
		}
	}
}
