package doccheck

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the repository, seen from this folder.
const root = "../.."

// walk calls visit with every folder and file that the project itself wrote: not what is built or downloaded, and not
// test data, which is allowed to be wrong on purpose. Paths are slash-separated and relative to the repository.
func walk(t *testing.T, visit func(path string, entry fs.DirEntry)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." {
			name := entry.Name()
			// .ci and .github are the project's own; other hidden folders belong to tools.
			hidden := strings.HasPrefix(name, ".") && name != ".ci" && name != ".github"
			if hidden || strings.HasPrefix(name, "_") || name == "testdata" || name == "gatehouse-out" {
				return fs.SkipDir
			}
		}
		visit(path, entry)
		return nil
	})
	require.NoError(t, err)
}

// documents returns every Markdown file of the repository by its path.
func documents(t *testing.T) map[string]Document {
	t.Helper()
	docs := map[string]Document{}
	walk(t, func(path string, entry fs.DirEntry) {
		if !entry.IsDir() && filepath.Ext(path) == ".md" {
			content, err := os.ReadFile(filepath.Join(root, path))
			require.NoError(t, err)
			docs[path] = Parse(string(content))
		}
	})
	require.NotEmpty(t, docs)
	return docs
}

func TestEveryPackageHasAComment(t *testing.T) {
	t.Parallel()
	packages := 0
	walk(t, func(path string, entry fs.DirEntry) {
		if !entry.IsDir() {
			return
		}
		problem, err := PackageComment(filepath.Join(root, path))
		if assert.NoError(t, err, path) {
			assert.Empty(t, problem, path)
		}
		packages++
	})
	assert.NotZero(t, packages)
}

func TestInternalLinksLead(t *testing.T) {
	t.Parallel()
	docs := documents(t)
	for path, doc := range docs {
		for _, link := range doc.Links() {
			if !link.Internal() {
				continue
			}
			target, fragment := link.Split()
			resolved := path
			if target != "" {
				if strings.HasPrefix(target, "/") {
					resolved = filepath.Join(".", target)
				} else {
					resolved = filepath.Join(filepath.Dir(path), target)
				}
				if _, err := os.Stat(filepath.Join(root, resolved)); err != nil {
					t.Errorf("%s:%d: link to %s: %v", path, link.Line, link.Target, err)
					continue
				}
			}
			linked, isDocument := docs[filepath.ToSlash(resolved)]
			if fragment == "" || !isDocument {
				continue
			}
			assert.Truef(t, linked.Anchors()[fragment], "%s:%d: %s has no heading #%s", path, link.Line, resolved, fragment)
		}
	}
}

func TestMakeTargets(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	targets := Targets(string(makefile))
	require.NotEmpty(t, targets)
	var names []string
	for _, target := range targets {
		assert.NotEmptyf(t, target.Help, "Makefile: target %s has no ## text, so make help does not show it", target.Name)
		assert.NotContainsf(t, names, target.Name, "Makefile: target %s is defined twice", target.Name)
		names = append(names, target.Name)
	}

	check := func(path string, calls []Call) {
		for _, call := range calls {
			assert.Truef(t, slices.Contains(names, call.Target),
				"%s:%d: make %s, but the Makefile has no such target; it has %s", path, call.Line, call.Target, strings.Join(names, ", "))
		}
	}
	for path, doc := range documents(t) {
		check(path, doc.MakeCalls())
	}
	script, err := os.ReadFile(filepath.Join(root, ".ci", "run"))
	require.NoError(t, err)
	calls := ScriptMakeCalls(string(script))
	assert.NotEmpty(t, calls)
	check(".ci/run", calls)
}
