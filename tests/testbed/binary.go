package testbed

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"
)

const (
	binaryEnv     = "GATEHOUSE_BINARY" // a relative path is taken from the repository's root
	defaultBinary = "_build/otelcol-gatehouse"
)

// Binary returns the path of a file of an installed program. When it is not installed, the table at the end says so, and
// the test fails if the program is of the default set and is skipped if it is not.
func Binary(tb testing.TB, name, version, file string) string {
	tb.Helper()
	need(tb, [2]string{name, version})
	p, err := Find(name, version)
	if err != nil {
		tb.Fatal(err)
	}
	root, err := Root()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(p.dir(root), "bin", file)
	if _, err = os.Stat(path); err != nil {
		tb.Fatalf("%s has no file bin/%s: %v", p, file, err)
	}
	return path
}

// need does by Binary's rules for several programs, names and versions, what Binary does for one: the table names every one
// that is not installed, and not the first of them only.
func need(tb testing.TB, programs ...[2]string) {
	tb.Helper()
	root, err := Root()
	if err != nil {
		tb.Fatal(err)
	}
	var missing []Program
	for _, program := range programs {
		p, err := Find(program[0], program[1])
		if err != nil {
			tb.Fatal(err)
		}
		if _, ok := p.installed(root); !ok {
			reportMissing(p)
			missing = append(missing, p)
		}
	}
	for _, p := range missing {
		if p.Set == DefaultSet {
			tb.Fatalf("%s is not installed: make e2e-tools", p)
		}
	}
	if len(missing) > 0 {
		tb.Skipf("%s is not installed: make e2e-tools-all", missing[0])
	}
}

// CollectorBinary returns the path of the built distribution and fails the test when there is none.
func CollectorBinary(tb testing.TB) string {
	tb.Helper()
	path := cmp.Or(os.Getenv(binaryEnv), defaultBinary)
	if !filepath.IsAbs(path) {
		repository, err := Repository()
		if err != nil {
			tb.Fatal(err)
		}
		path = filepath.Join(repository, path)
	}
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("the built binary is missing: run make build, or set %s: %v", binaryEnv, err)
	}
	return path
}
