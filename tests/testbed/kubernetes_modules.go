package testbed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// moduleDir returns the folder with the sources of a module that an installed program was built from: its charts and
// manifests belong to the same version that way. Modules stay in the module cache after a build; one that was removed is
// downloaded again, which needs a network and so cannot be done in a process of Isolated.
func moduleDir(ctx context.Context, program, version, module string) (string, error) {
	p, err := Find(program, version)
	if err != nil {
		return "", err
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	for _, args := range [][]string{
		{"list", "-mod=mod", "-m", "-f", "{{.Dir}}", module},
		{"mod", "download", module},
		{"list", "-mod=mod", "-m", "-f", "{{.Dir}}", module},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = p.dir(root)
		cmd.Env = append(os.Environ(), "GOWORK=off")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("find module %s of %s: %w\n%s", module, p, err, stderr.String())
		}
		if dir := strings.TrimSpace(string(out)); dir != "" {
			return dir, nil
		}
	}
	return "", fmt.Errorf("find module %s of %s: it is not in the module cache", module, p)
}
