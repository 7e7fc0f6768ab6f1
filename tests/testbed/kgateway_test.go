package testbed

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A question as Envoy's resolver sends it: a name of three labels, with an additional record that is not answered.
func dnsQuestion(kind byte) []byte {
	return []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01" +
		"\x08Kgateway\x03svc\x05local\x00\x00" + string(kind) + "\x00\x01" + "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00")
}

func TestAnswerDNS(t *testing.T) {
	t.Parallel()
	lookUp := func(name string) (netip.Addr, error) {
		if name != "kgateway.svc.local." {
			return netip.Addr{}, errors.New("no such name")
		}
		return netip.MustParseAddr("10.96.0.7"), nil
	}
	question := "\x08Kgateway\x03svc\x05local\x00\x00\x01\x00\x01"
	assert.Equal(t,
		"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"+question+"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\x0a\x60\x00\x07",
		string(answerDNS(dnsQuestion(1), lookUp)))
	assert.Equal(t, "\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00", string(answerDNS(dnsQuestion(28), lookUp)[:dnsHeader]),
		"a name without IPv6 address exists all the same")
	unknown := func(string) (netip.Addr, error) { return netip.Addr{}, errors.New("no such name") }
	assert.Equal(t, "\x12\x34\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00", string(answerDNS(dnsQuestion(1), unknown)[:dnsHeader]))
	for length := range 30 {
		assert.Nil(t, answerDNS(dnsQuestion(1)[:length], lookUp), "cut short to %d bytes", length)
	}
}

const podJSON = `{
  "metadata": {"name": "http-1", "namespace": "infra", "uid": "0d2e", "labels": {"b": "2", "a": "say \"1\""}},
  "spec": {
    "nodeName": "node-a",
    "containers": [{"env": [
      {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
      {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
      {"name": "ALL", "value": "$(POD)@$(NODE), $(LATER), $(NONE)"},
      {"name": "LATER", "value": "x"}
    ]}]
  }
}`

// Variables are expanded in their order; what is not there stays as it is written (Kubernetes, EnvVar.value).
func TestPodEnvironment(t *testing.T) {
	t.Parallel()
	var p pod
	require.NoError(t, json.Unmarshal([]byte(podJSON), &p))
	env, err := p.environment(p.Spec.Containers[0])
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"POD": "http-1", "NODE": "node-a", "ALL": "http-1@node-a, $(LATER), $(NONE)", "LATER": "x",
	}, env)
	labels, err := p.field("metadata.labels")
	require.NoError(t, err)
	assert.Equal(t, "a=\"say \\\"1\\\"\"\nb=\"2\"", labels)
	_, err = p.field("status.podIP")
	require.ErrorContains(t, err, `"status.podIP"`)
}

// A program's libraries are found with their own libraries and its dynamic linker: Envoy's root has to be complete.
func TestSharedLibraries(t *testing.T) {
	t.Parallel()
	program, err := filepath.EvalSymlinks("/bin/sh")
	require.NoError(t, err)
	libraries, err := sharedLibraries(program)
	require.NoError(t, err)
	require.NotEmpty(t, libraries, "a shell that is linked statically shows nothing here")
	for _, library := range libraries {
		_, err = os.Stat(library)
		require.NoError(t, err)
	}
}
