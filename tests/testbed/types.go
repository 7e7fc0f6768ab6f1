package testbed

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// typeRule gives the attributes it selects a type. Exactly one of key, prefix and suffix is set.
type typeRule struct {
	key, prefix, suffix string
	want                pcommon.ValueType
}

// typeRules are what the conventions 1.45.0 say about types (their registry, docs/registry/attributes), written out here
// apart from the processor's tables. The first rule that selects a key holds.
var typeRules = []typeRule{
	{prefix: "http.request.header.", want: pcommon.ValueTypeSlice},
	{prefix: "http.response.header.", want: pcommon.ValueTypeSlice},
	{prefix: "rpc.request.header.", want: pcommon.ValueTypeSlice},
	{prefix: "rpc.response.header.", want: pcommon.ValueTypeSlice},
	{prefix: "rpc.response.trailer.", want: pcommon.ValueTypeSlice},
	{key: "gen_ai.response.finish_reasons", want: pcommon.ValueTypeSlice},
	{key: "gen_ai.request.stop_sequences", want: pcommon.ValueTypeSlice},
	{key: "gen_ai.request.temperature", want: pcommon.ValueTypeDouble},
	{key: "gen_ai.request.top_p", want: pcommon.ValueTypeDouble},
	{key: "gen_ai.request.frequency_penalty", want: pcommon.ValueTypeDouble},
	{key: "gen_ai.request.presence_penalty", want: pcommon.ValueTypeDouble},
	// A string since 1.39, as other systems than gRPC have names for codes.
	{key: "rpc.response.status_code", want: pcommon.ValueTypeStr},
	{key: "rpc.status_code", want: pcommon.ValueTypeStr},
	{key: "db.response.status_code", want: pcommon.ValueTypeStr},
	{key: "error.type", want: pcommon.ValueTypeStr},
	{key: "http.request.method", want: pcommon.ValueTypeStr},
	{key: "http.route", want: pcommon.ValueTypeStr},
	{key: "network.protocol.version", want: pcommon.ValueTypeStr},
	{key: "user_agent.original", want: pcommon.ValueTypeStr},
	{prefix: "url.", want: pcommon.ValueTypeStr},
	{suffix: ".address", want: pcommon.ValueTypeStr},
	{suffix: ".status_code", want: pcommon.ValueTypeInt},
	{suffix: ".port", want: pcommon.ValueTypeInt},
	{suffix: ".size", want: pcommon.ValueTypeInt},
	{suffix: ".count", want: pcommon.ValueTypeInt},
	{suffix: "_count", want: pcommon.ValueTypeInt},
	{suffix: "_tokens", want: pcommon.ValueTypeInt},
	{suffix: ".attempts", want: pcommon.ValueTypeInt},
	{suffix: ".bytes_sent", want: pcommon.ValueTypeInt},
	{suffix: ".bytes_received", want: pcommon.ValueTypeInt},
	{suffix: ".duration", want: pcommon.ValueTypeDouble},
	{suffix: "_duration", want: pcommon.ValueTypeDouble},
}

func (r typeRule) selects(key string) bool {
	switch {
	case r.key != "":
		return key == r.key
	case r.prefix != "":
		return strings.HasPrefix(key, r.prefix)
	default:
		return strings.HasSuffix(key, r.suffix)
	}
}

// WrongTypes describes the attributes whose type is not the conventions' one. An array has to hold strings only.
func WrongTypes(attrs pcommon.Map) []string {
	var wrong []string
	for key, value := range attrs.All() {
		at := slices.IndexFunc(typeRules, func(r typeRule) bool { return r.selects(key) })
		if at < 0 {
			continue
		}
		if want := typeRules[at].want; value.Type() != want {
			wrong = append(wrong, fmt.Sprintf("%s is %s, want %s", key, value.Type(), want))
		} else if want == pcommon.ValueTypeSlice {
			for _, element := range value.Slice().All() {
				if element.Type() != pcommon.ValueTypeStr {
					wrong = append(wrong, fmt.Sprintf("%s holds %s, want strings", key, element.Type()))
				}
			}
		}
	}
	return wrong
}
