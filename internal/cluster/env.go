package cluster

import (
	"net/url"
	"slices"
	"strings"
)

// Variable is one entry of a container's env in the pod's spec. A variable that comes from a ConfigMap, a Secret or a
// resource field is there, but what it holds is not known.
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
	// (opentelemetry-go 1.44, sdk/resource/env.go).
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
)

// ResourceOf returns the resource attributes that a container's variables set, in such an order that the first pair of a
// key is the one that counts. Pairs whose value is not known are left out.
func ResourceOf(env []Variable, reader Reader) []KV {
	var pairs []KV
	var serviceName string
	expanded := make(map[string]Variable, len(env))
	for _, v := range env {
		if v.Name == EnvResourceAttributes {
			pairs = nil
			if v.Known {
				pairs = parsePairs(knownPairs(v.Value, expanded), reader)
			}
		}
		if v.Known {
			v.Value, v.Known = expand(v.Value, expanded)
		}
		if v.Name == EnvServiceName && v.Known {
			serviceName = v.Value
		}
		expanded[v.Name] = v
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

// knownPairs expands the variable's text, without the pairs that refer to something unknown.
func knownPairs(text string, earlier map[string]Variable) string {
	if value, known := expand(text, earlier); known {
		return value
	}
	var kept []string
	for pair := range strings.SplitSeq(text, ",") {
		if value, known := expand(pair, earlier); known {
			kept = append(kept, value)
		}
	}
	return strings.Join(kept, ",")
}

// expand replaces $(NAME) by what the container's earlier variables hold, as the kubelet does: $$ is a dollar sign, and a
// name that is not there stays as it is written. It returns false when the text refers to something unknown.
func expand(text string, earlier map[string]Variable) (string, bool) {
	if !strings.Contains(text, "$") {
		return text, true
	}
	var b strings.Builder
	known := true
	for i := 0; i < len(text); i++ {
		if b.Len() > maxExpanded {
			return "", false
		}
		if text[i] != '$' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		switch text[i+1] {
		case '$':
			b.WriteByte('$')
			i++
		case '(':
			end := strings.IndexByte(text[i+2:], ')')
			if end < 0 {
				b.WriteString(text[i:])
				return b.String(), known
			}
			name := text[i+2 : i+2+end]
			if v, ok := earlier[name]; ok {
				known = known && v.Known
				if b.Len()+len(v.Value) > maxExpanded {
					return "", false
				}
				b.WriteString(v.Value)
			} else {
				b.WriteString(text[i : i+3+end])
			}
			i += 2 + end
		default:
			b.WriteByte('$')
		}
	}
	return b.String(), known
}

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
		}
		if ok && key != "" {
			pairs = append(pairs, KV{key, value})
		}
	}
	return pairs
}
