package attrs

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/attributes.md anew")

// TestAttributesDocument keeps docs/attributes.md equal to the comments in gateway.go, each of which begins
// with the constant's name and the attribute's type in parentheses.
func TestAttributesDocument(t *testing.T) {
	t.Parallel()
	const path = "../../docs/attributes.md"
	file, err := parser.ParseFile(token.NewFileSet(), "gateway.go", nil, parser.ParseComments)
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("# Attributes of this project\n\nGenerated from `internal/attrs/gateway.go`; do not edit. They say what no convention has a word for yet, and mean the\nsame for every gateway, on spans and on log records.\n\n| attribute | type | meaning |\n| --- | --- | --- |\n")
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			name, err := strconv.Unquote(value.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			text := strings.Join(strings.Fields(value.Doc.Text()), " ")
			kind, meaning, ok := strings.Cut(strings.TrimPrefix(text, value.Names[0].Name+" ("), ") is ")
			require.True(t, ok, "%s: the comment must read: Name (type) is …", value.Names[0].Name)
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, kind, meaning)
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, b.String(), string(got), "run go test ./internal/attrs -update")
}
