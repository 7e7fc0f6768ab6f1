package testbed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// modTemplate is the module a program is built in. The tool lines keep its packages in the module graph.
var modTemplate = template.Must(template.New("go.mod").Parse(`module gatehouse.test/testbed

go 1.26.0
{{range .Packages}}
tool {{.Path}}
{{- end}}

require {{.Module}} {{.Version}}
{{range .Requires}}
require {{.Path}} {{.Version}}
{{- end}}
{{range .Replaces}}
replace {{.Path}} => {{.With.Path}} {{.With.Version}}
{{- end}}
{{range .Excludes}}
exclude {{.Path}} {{.Version}}
{{- end}}
`))

// goBuild writes the module and builds every package into bin/. The Go command resolves the rest of the module graph and
// verifies each module by the checksum database, because nothing here says otherwise.
func (r *runner) goBuild(ctx context.Context, b GoBuild) error {
	var mod strings.Builder
	if err := modTemplate.Execute(&mod, b); err != nil {
		return fmt.Errorf("write go.mod: %w", err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "go.mod"), []byte(mod.String()), 0o644); err != nil {
		return fmt.Errorf("write go.mod: %w", err)
	}
	// Built for this machine whatever the caller builds for; a workspace around it is none of its business.
	env := []string{"GOOS=", "GOARCH=", "GOWORK=off", "CGO_ENABLED=0"}
	for _, p := range b.Packages {
		args := []string{"build", "-mod=mod", "-trimpath", "-buildvcs=false", "-o", filepath.Join("bin", p.File)}
		if len(b.Tags) > 0 {
			args = append(args, "-tags", strings.Join(b.Tags, ","))
		}
		// Without symbol table and debug information linking is quicker and the file a third smaller.
		args = append(args, "-ldflags", strings.TrimSpace("-s -w "+b.LDFlags), p.Path)
		if err := r.run(ctx, env, "go", args...); err != nil {
			return fmt.Errorf("build %s: %w", p.Path, err)
		}
	}
	return nil
}
