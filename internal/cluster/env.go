package cluster

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Variable is one entry of a container's env in the pod's spec. A variable that comes from a ConfigMap, a Secret or a
// resource field is there, but what it holds is not known, and its Value is empty.
type Variable struct {
	Name, Value string
	Known       bool
}

// The variables of the OpenTelemetry specification that name a resource.
const (
	EnvResourceAttributes = "OTEL_RESOURCE_ATTRIBUTES"
	EnvServiceName        = "OTEL_SERVICE_NAME"
)

// Reader is how a gateway reads OTEL_RESOURCE_ATTRIBUTES. What the processor reads out of a pod's spec has to be what
// the gateway puts on its spans, letter by letter.
type Reader int

const (
	// ReadSDK is the way of the OpenTelemetry SDK for Go, which Traefik and Caddy are built with: spaces trimmed, values
	// percent-decoded, a pair without '=' dropped, a value that cannot be decoded kept as it is written
	// (opentelemetry-go 1.44, sdk/resource/env.go). A value that decodes to something else than UTF-8 cannot be sent, so
	// there nothing follows the gateway but the specification: the whole variable is discarded (OpenTelemetry
	// specification, "Resource SDK").
	ReadSDK Reader = iota
	// ReadEnvoy cuts at every ',' and '=': a pair that does not give exactly two parts is dropped, nothing is decoded or
	// trimmed. Envoy does not know OTEL_SERVICE_NAME (Envoy 1.40.0,
	// source/extensions/tracers/opentelemetry/resource_detectors/environment).
	ReadEnvoy
	// ReadAgentgateway cuts at the first '=' and trims; nothing is decoded, and service.name comes from
	// OTEL_SERVICE_NAME alone (agentgateway 1.4.1, crates/agentgateway/src/telemetry/trc.rs).
	ReadAgentgateway
)

const (
	// maxPairs bounds what is read out of one variable.
	maxPairs = 128
	// maxExpanded bounds what one variable may become, in bytes: variables that name each other twice double with every
	// step. What would be longer counts as not known.
	maxExpanded = 64 << 10
	// maxEnvironment bounds what all variables of a container become together, in bytes: a pod has room for tens of
	// thousands of variables that name a long one.
	maxEnvironment = 1 << 20
)

// ResourceOf returns the resource attributes that a container's variables set, in such an order that the first pair of a
// key is the one that counts. Pairs whose value is not known are left out.
func ResourceOf(env []Variable, reader Reader) []KV {
	var pairs []KV
	var serviceName string
	x := expander{earlier: make(map[string]Variable, len(env)), left: maxEnvironment}
	for _, v := range env {
		if !utf8.ValidString(v.Value) {
			v.Value, v.Known = "", false
		}
		if v.Name == EnvResourceAttributes {
			pairs = nil
			if v.Known {
				pairs = parsePairs(x.pairs(v.Value), reader)
			}
		}
		if v.Known {
			v.Value, v.Known = x.expand(v.Value)
		}
		if v.Name == EnvServiceName {
			serviceName = v.Value
		}
		x.earlier[v.Name] = v
	}
	slices.Reverse(pairs) // later pairs overwrite earlier ones
	if reader == ReadAgentgateway {
		pairs = slices.DeleteFunc(pairs, func(p KV) bool { return p.Key == "service.name" })
	}
	if serviceName == "" {
		return pairs
	}
	name := KV{"service.name", serviceName}
	if reader == ReadEnvoy {
		return append(pairs, name) // its spans carry the pair, if there is one
	}
	return slices.Insert(pairs, 0, name)
}

// expander replaces $(NAME) by what the container's earlier variables hold, as the kubelet does (Kubernetes 1.36.3,
// third_party/forked/golang/expansion).
type expander struct {
	earlier map[string]Variable
	left    int // of maxEnvironment
}

// pairs expands the text of OTEL_RESOURCE_ATTRIBUTES, without the pairs that refer to something unknown.
func (x *expander) pairs(text string) string {
	if value, known := x.expand(text); known {
		return value
	}
	var kept []string
	size := 0
	for pair := range strings.SplitSeq(text, ",") {
		value, known := x.expand(pair)
		if !known {
			continue
		}
		if size += len(value) + 1; size > maxExpanded {
			break
		}
		kept = append(kept, value)
	}
	return strings.Join(kept, ",")
}

// expand returns the text with its references replaced, where $$ is a dollar sign, and false when it is not known what it
// becomes. That is so too when it refers to a variable that is not there: the kubelet takes it from the environments of
// ConfigMaps and Services, of which the pod's object holds nothing, or leaves the reference as it is written, and then
// nobody chose it as a value.
func (x *expander) expand(text string) (string, bool) {
	if len(text) > maxExpanded {
		return "", false
	}
	if !strings.Contains(text, "$") {
		return text, true
	}
	var b strings.Builder
	longest := min(maxExpanded, x.left)
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		switch text[i+1] {
		case '$':
			b.WriteByte('$')
			i++
		case '(':
			name, _, ok := strings.Cut(text[i+2:], ")")
			if !ok { // no reference, and none can follow
				b.WriteString(text[i:])
				i = len(text)
				continue
			}
			v := x.earlier[name]
			if !v.Known || b.Len()+len(v.Value) > longest {
				return "", false
			}
			b.WriteString(v.Value)
			i += len("()") + len(name)
		default:
			b.WriteByte('$')
		}
	}
	if b.Len() > longest {
		return "", false
	}
	x.left -= b.Len()
	return b.String(), true
}

// parsePairs returns the pairs in their order, nothing when the reader discards them all.
func parsePairs(text string, reader Reader) []KV {
	var pairs []KV
	for pair := range strings.SplitSeq(text, ",") {
		if len(pairs) == maxPairs {
			break
		}
		key, value, ok := strings.Cut(pair, "=")
		switch reader {
		case ReadEnvoy:
			ok = ok && !strings.Contains(value, "=")
		case ReadAgentgateway:
			key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		case ReadSDK:
			key = strings.TrimSpace(key)
			if decoded, err := url.PathUnescape(strings.TrimSpace(value)); err == nil {
				value = decoded
			}
			if !utf8.ValidString(value) {
				return nil
			}
		}
		if ok && key != "" {
			pairs = append(pairs, KV{key, value})
		}
	}
	return pairs
}
