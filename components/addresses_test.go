package components

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"

	"github.com/gatehouse-otel/gatehouse/internal/doccheck"
)

// address is where a document tells a gateway to send to. An empty port is one that is not told.
type address struct{ name, namespace, port string }

// inText finds host names of the cluster that begin with the Service's name, with their port where there is one.
var inText = regexp.MustCompile(`(?:^|[^a-z0-9.-])otelcol-gatehouse\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?(?::([0-9]+))?\b`)

// otherDots are what follows the Service's name and a dot in the names of files and not of hosts.
var otherDots = []string{"service"}

// textAddresses are the addresses in a text.
func textAddresses(text string) []address {
	var found []address
	for _, m := range inText.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(otherDots, m[1]) {
			found = append(found, address{shippedName, m[1], m[2]})
		}
	}
	return found
}

// objectAddresses are the addresses that a YAML document spreads over several fields: {name, namespace, port}, and a host,
// address or service beside a port.
func objectAddresses(node any) []address {
	var found []address
	switch node := node.(type) {
	case []any:
		for _, element := range node {
			found = append(found, objectAddresses(element)...)
		}
	case map[string]any:
		field := func(names ...string) string {
			for _, name := range names {
				if v, ok := node[name]; ok {
					return fmt.Sprint(v)
				}
			}
			return ""
		}
		port := field("port", "port_value")
		if field("name") == shippedName && (field("namespace") != "" || port != "") {
			found = append(found, address{shippedName, field("namespace"), port})
		}
		if host := inText.FindStringSubmatch(field("host", "address", "service")); host != nil && port != "" {
			found = append(found, address{shippedName, host[1], port})
		}
		for _, key := range slices.Sorted(maps.Keys(node)) {
			found = append(found, objectAddresses(node[key])...)
		}
	}
	return found
}

// TestAddresses: wherever a document tells a gateway to send to the Service, it is there, with that port.
func TestAddresses(t *testing.T) {
	service := only[corev1.Service](t, "service.yaml", "Service")
	var ports []string
	for _, p := range service.Spec.Ports {
		ports = append(ports, strconv.Itoa(int(p.Port)))
	}
	seen := map[string]int{}
	for _, file := range files(t, ".", ".md") {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		found := textAddresses(string(content))
		for _, block := range doccheck.Parse(string(content)).Blocks {
			if len(block.Info) == 0 || block.Info[0] != "yaml" {
				continue
			}
			for decoder := yaml.NewDecoder(strings.NewReader(block.Text)); ; {
				var document any
				err := decoder.Decode(&document)
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err, "%s:%d", file, block.Line)
				found = append(found, objectAddresses(document)...)
			}
		}
		for _, a := range found {
			assert.Contains(t, []string{service.Namespace, fileLogName}, a.namespace, file)
			if a.port != "" {
				assert.Contains(t, ports, a.port, file)
				seen[filepath.Base(filepath.Dir(file))+" "+a.port]++
			}
		}
	}
	// Where gateways are configured: fewer means that this test has become blind.
	for _, want := range []string{"envoyalsreceiver 19001", "konglogreceiver 9581", "docs 4317", "docs 4318", "docs 9411", "docs 9580", "otelcol-gatehouse 4317"} {
		assert.NotZero(t, seen[want], want)
	}
}

// TestAddressesAreFound keeps TestAddresses from passing because it recognizes nothing.
func TestAddressesAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]address{
		"send to http://otelcol-gatehouse.here:9580/kong": {{shippedName, "here", "9580"}},
		"otelcol-gatehouse.here.svc.cluster.local:4317.":  {{shippedName, "here", "4317"}},
		"`otelcol-gatehouse.here`, and more":              {{shippedName, "here", ""}},
		"[unit](otelcol-gatehouse.service)":               nil,
		"other-otelcol-gatehouse.here.svc:4317":           nil,
	} {
		assert.Equal(t, want, textAddresses(text), text)
	}
	for text, want := range map[string][]address{
		"backendRefs: [{name: otelcol-gatehouse, namespace: here, port: 1}]":               {{shippedName, "here", "1"}},
		"socket_address: {address: otelcol-gatehouse.here, port_value: 2}":                 {{shippedName, "here", "2"}},
		"service: otelcol-gatehouse.here.svc.cluster.local\nport: 3":                       {{shippedName, "here", "3"}},
		"to: [{group: \"\", kind: Service, name: otelcol-gatehouse}]\nmetadata: {name: x}": nil,
	} {
		var document any
		require.NoError(t, yaml.Unmarshal([]byte(text), &document))
		assert.Equal(t, want, objectAddresses(document), text)
	}
}
