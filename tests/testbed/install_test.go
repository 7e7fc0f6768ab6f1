package testbed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProgramsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Programs {
		assert.False(t, seen[p.String()], "%s is there twice", p)
		seen[p.String()] = true
		assert.NotEqual(t, p.Go == nil, p.PyPI == nil, "%s: want exactly one of Go and PyPI", p)
		assert.Contains(t, []Set{DefaultSet, AllSet}, p.Set, p)
		assert.Positive(t, p.CPUMinutes, p)
		found, err := Find(p.Name, p.Version)
		require.NoError(t, err)
		assert.Equal(t, p, found)
	}
	_, err := Find("envoy", "0.1")
	require.ErrorContains(t, err, `envoy "0.1" is not pinned, want one of 1.40.0`)
	_, err = Find("enboy", "0.1")
	require.ErrorContains(t, err, `program "enboy" is not pinned, want one of envoy`)
}

// Without a network nothing can be installed; what is checked here is the rest: the stamp, the summary, that a failure is
// told and does not stop the others.
func TestInstall(t *testing.T) {
	root := t.TempDir()
	there := Program{Name: "there", Version: "1", Set: AllSet, CPUMinutes: 1, Go: &GoBuild{Module: "example.invalid/x"}}
	require.NoError(t, os.MkdirAll(there.dir(root), 0o755))
	stampText := `{"fingerprint":"` + there.fingerprint() + `","seconds":7,"cpu_seconds":9,"bytes":2097152}`
	require.NoError(t, os.WriteFile(filepath.Join(there.dir(root), stampFile), []byte(stampText), 0o600))
	wrong := Program{Name: "wrong", Version: "1", Set: AllSet, CPUMinutes: 1}

	var log strings.Builder
	err := Install(t.Context(), root, []Program{wrong, there}, &log)
	require.ErrorContains(t, err, "wrong 1: want exactly one of Go and PyPI in its row")
	assert.Regexp(t, `(?m)^wrong +1 +0 +0 +0 +FAILED$`, log.String())
	assert.Regexp(t, `(?m)^there +1 +7 +9 +2 +already there$`, log.String())

	changed := there
	changed.Go = &GoBuild{Module: "example.invalid/x", Version: "v2.0.0"}
	_, ok := changed.installed(root)
	assert.False(t, ok, "another row is another program")
}

func TestGoModule(t *testing.T) {
	b := GoBuild{
		Module: "example.com/m", Version: "v1.2.3",
		Packages: []Package{{"example.com/m/cmd/a", "a"}},
		Requires: []Module{{"example.com/r", "v1.0.0"}},
		Replaces: []Replacement{{"example.com/x", Module{"example.com/y", "v0.1.0"}}},
		Excludes: []Module{{"example.com/z", "v0.0.1"}},
	}
	var mod strings.Builder
	require.NoError(t, modTemplate.Execute(&mod, b))
	assert.Equal(t, `module gatehouse.test/testbed

go 1.26.0

tool example.com/m/cmd/a

require example.com/m v1.2.3

require example.com/r v1.0.0

replace example.com/x => example.com/y v0.1.0

exclude example.com/z v0.0.1
`, mod.String())
}

func TestBinary(t *testing.T) {
	t.Setenv(rootEnv, t.TempDir())
	for version, want := range map[string]string{
		"1.40.0": "envoy 1.40.0 is not installed: make e2e-tools",
		"1.38.3": "skip: envoy 1.38.3 is not installed: make e2e-tools-all",
	} {
		r := &recorder{TB: t}
		r.run(func() { Binary(r, "envoy", version, "envoy") })
		assert.Equal(t, []string{want}, r.messages)
	}
}

func TestNeed(t *testing.T) {
	t.Setenv(rootEnv, t.TempDir())
	report.mu.Lock()
	before := report.missing
	report.missing = nil
	report.mu.Unlock()
	t.Cleanup(func() {
		report.mu.Lock()
		defer report.mu.Unlock()
		report.missing = before
	})
	r := &recorder{TB: t}
	r.run(func() { NeedKgateway(r) })
	assert.Equal(t, []string{"skip: kgateway 2.4.2 is not installed: make e2e-tools-all"}, r.messages)
	var names []string
	for _, p := range report.missing {
		names = append(names, p.Name)
	}
	assert.ElementsMatch(t, []string{"kgateway", "envoy", "etcd", "kubernetes", "kwok"}, names)
}
