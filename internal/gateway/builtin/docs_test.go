package builtin

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// TestGatewaysDocument keeps docs/gateways.md equal to the profiles; -update writes it.
func TestGatewaysDocument(t *testing.T) {
	const path = "../../../docs/gateways.md"
	want := gatewaysDocument()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, want, string(got), "run go test ./internal/gateway/builtin -run TestGatewaysDocument -update")
}

func gatewaysDocument() string {
	var b strings.Builder
	b.WriteString("# Gateways\n\nGenerated from the profiles in `internal/gateway`; do not edit. ")
	b.WriteString("What to write into a gateway is in [pointing-gateways.md](pointing-gateways.md). ")
	b.WriteString("A gateway is recognized by any one line of its evidence, never by `service.name` alone. In patterns, `{name}` is a part, `{name...}` reaches to the last occurrence of what follows, `{name?}` may be empty and `{}` is skipped.\n")
	for _, p := range Profiles() {
		fmt.Fprintf(&b, "\n## %s (`%s`)\n\n", p.Title, p.ID)
		if p.Versions != "" {
			fmt.Fprintf(&b, "Facts from: %s.\n", p.Versions)
		}
		if p.Base != "" {
			fmt.Fprintf(&b, "Built on `%s`.\n", p.Base)
		}
		fmt.Fprintf(&b, "Rules of its own for attributes: %d, for resource attributes: %d; patterns: %d.\n", len(p.Attributes), len(p.Resource), len(p.Patterns))
		if len(p.Detect) > 0 {
			b.WriteString("\n| evidence | source |\n| --- | --- |\n")
		}
		for i := range p.Detect {
			fmt.Fprintf(&b, "| %s | %s |\n", evidence(&p.Detect[i]), strings.ReplaceAll(p.Detect[i].Source, "|", "\\|"))
		}
		if len(p.Patterns) > 0 {
			b.WriteString("\n| reads | pattern |\n| --- | --- |\n")
		}
		for _, q := range p.Patterns {
			fmt.Fprintf(&b, "| `%s` | `%s` |\n", q.Key, strings.ReplaceAll(q.Text, "|", "\\|"))
		}
	}
	return b.String()
}

func evidence(e *gateway.Evidence) string {
	what := map[gateway.Place]string{
		gateway.InScope: "scope", gateway.InSpanName: "span name",
		gateway.InResource: "resource `" + e.Key + "`", gateway.InAttributes: "attribute `" + e.Key + "`",
	}[e.In]
	switch {
	case e.Equal != "":
		what += " is `" + e.Equal + "`"
	case e.Prefix != "":
		what += " starts with `" + strings.ReplaceAll(e.Prefix, "|", "\\|") + "`"
	}
	if e.And != nil {
		what += " and " + evidence(e.And)
	}
	return what
}
