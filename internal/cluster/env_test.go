package cluster

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func known(name, value string) Variable { return Variable{Name: name, Value: value, Known: true} }

func TestResourceOf(t *testing.T) {
	t.Parallel()
	attributes := func(value string) []Variable { return []Variable{known(EnvResourceAttributes, value)} }
	for _, test := range []struct {
		name   string
		env    []Variable
		reader Reader
		want   []KV
	}{
		{"nothing", nil, ReadEnvoy, nil},
		{
			"Envoy: later pairs win, nothing is decoded, three parts are dropped", attributes("a=1,a=2,team=a%20b,bad=x=y,, c =d"), ReadEnvoy,
			[]KV{{" c ", "d"}, {"team", "a%20b"}, {"a", "2"}, {"a", "1"}},
		},
		{
			"Envoy: the pair beats the variable it does not know", append(attributes("service.name=pair"), known(EnvServiceName, "variable")), ReadEnvoy,
			[]KV{{"service.name", "pair"}, {"service.name", "variable"}},
		},
		{
			"Envoy: the variable holds where there is no pair", append(attributes("a=1"), known(EnvServiceName, "variable")), ReadEnvoy,
			[]KV{{"a", "1"}, {"service.name", "variable"}},
		},
		{
			"agentgateway: first '=', trimmed, not decoded, service.name from its own variable", append(attributes("a = x=y , team=a%20b,service.name=pair"), known(EnvServiceName, "variable")),
			ReadAgentgateway,
			[]KV{{"service.name", "variable"}, {"team", "a%20b"}, {"a", "x=y"}},
		},
		{
			"SDK: trimmed and decoded, broken pairs dropped, what cannot be decoded kept", attributes("team=a%20b, x = y ,broken,z=%zz"), ReadSDK,
			[]KV{{"z", "%zz"}, {"x", "y"}, {"team", "a b"}},
		},
		{
			"SDK: the variable beats the pair", append(attributes("service.name=pair"), known(EnvServiceName, "variable")), ReadSDK,
			[]KV{{"service.name", "variable"}, {"service.name", "pair"}},
		},
		{
			"references to earlier variables",
			[]Variable{known("A", "1"), known(EnvResourceAttributes, "a=$(A),c=$$(A),d=$x,e=$(A")},
			ReadEnvoy,
			[]KV{{"e", "$(A"}, {"d", "$x"}, {"c", "$(A)"}, {"a", "1"}},
		},
		{
			"a reference that stays as it is written is not a value",
			[]Variable{known("A", "1"), known(EnvResourceAttributes, "a=$(A),b=$(B),c=x-$(CART_SERVICE_HOST)"), known("B", "2"), known(EnvServiceName, "$(NAME)")},
			ReadSDK,
			[]KV{{"a", "1"}},
		},
		{
			"SDK: what is not UTF-8 discards the variable", append(attributes("a=1,b=%ff,c=2"), known(EnvServiceName, "variable")), ReadSDK,
			[]KV{{"service.name", "variable"}},
		},
		{"Envoy: what is not decoded is no harm", attributes("a=1,b=%ff"), ReadEnvoy, []KV{{"b", "%ff"}, {"a", "1"}}},
		{"text that is not UTF-8 is not known", append(attributes("a=1,b=\xff"), known(EnvServiceName, "\xff")), ReadEnvoy, nil},
		{
			"a pair that refers to a secret is not known",
			[]Variable{{Name: "S"}, known(EnvResourceAttributes, "a=1,b=$(S),c=2")},
			ReadEnvoy,
			[]KV{{"c", "2"}, {"a", "1"}},
		},
		{"a variable that comes from a ConfigMap is not known", []Variable{{Name: EnvResourceAttributes}, {Name: EnvServiceName}}, ReadSDK, nil},
		{
			"the last of two variables of one name counts",
			[]Variable{known(EnvResourceAttributes, "a=1"), known(EnvResourceAttributes, "b=2")},
			ReadEnvoy,
			[]KV{{"b", "2"}},
		},
		{
			"also when it is not known",
			[]Variable{known(EnvResourceAttributes, "a=1"), known(EnvServiceName, "old"), {Name: EnvResourceAttributes}, {Name: EnvServiceName}},
			ReadSDK, nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := ResourceOf(test.env, test.reader)
			if len(test.want) == 0 {
				assert.Empty(t, got)
				return
			}
			assert.Equal(t, test.want, got)
		})
	}
	assert.Len(t, ResourceOf(attributes(strings.Repeat("a=1,", 10_000)), ReadEnvoy), maxPairs)
}

func FuzzResourceOf(f *testing.F) {
	f.Add("service.name=edge-gw,team=a%20b,bad=x=y", "$(POD_NAME)", 0)
	f.Add("a=$(X),b=$$(X),c=$(", "$(X)$", 2)
	f.Add("a=%ff,b=$(S)", "\xff", 0)
	f.Fuzz(func(t *testing.T, text, other string, reader int) {
		r := Reader(((reader % 3) + 3) % 3)
		got := ResourceOf([]Variable{known("X", other), {Name: "S"}, known(EnvResourceAttributes, text)}, r)
		assert.LessOrEqual(t, len(got), maxPairs)
		for _, kv := range got {
			assert.NotEmpty(t, kv.Key)
			assert.True(t, utf8.ValidString(kv.Key+kv.Value), "%q", kv)
			if r == ReadEnvoy {
				assert.NotContains(t, kv.Value, "=")
				assert.NotContains(t, kv.Key+kv.Value, ",")
			}
		}
	})
}
