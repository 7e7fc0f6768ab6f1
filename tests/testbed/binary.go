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
	p, err := Find(name, version)
	if err != nil {
		tb.Fatal(err)
	}
	root, err := Root()
	if err != nil {
		tb.Fatal(err)
	}
	if _, ok := p.installed(root); !ok {
		reportMissing(p)
		if p.Set == DefaultSet {
			tb.Fatalf("%s is not installed: make e2e-tools", p)
		}
		tb.Skipf("%s is not installed: make e2e-tools-all", p)
	}
	path := filepath.Join(p.dir(root), "bin", file)
	if _, err = os.Stat(path); err != nil {
		tb.Fatalf("%s has no file bin/%s: %v", p, file, err)
	}
	return path
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
