package doccheck

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTargets(t *testing.T) {
	t.Parallel()
	makefile := "GO ?= go\nfoo := bar\n.PHONY: build\n\nbuild: x.go ## compile it\n\tgo build: not a rule\ntest-race:\n" +
		"$(BIN)/tool: go.mod\n_build/x: y\n%.o: %.c\nwith-variable: A = 1\nimmediate:=1\n"
	assert.Equal(t, []Target{
		{Name: "build", Help: "compile it"},
		{Name: "test-race"},
		{Name: "with-variable"},
	}, Targets(makefile))
}

func TestMakeCalls(t *testing.T) {
	t.Parallel()
	f := func(text string, want ...Call) {
		t.Helper()
		assert.Equal(t, want, Parse(text).MakeCalls())
	}
	f("make sure that make test is not found in prose")
	f("run `make test` and `make -j2 FUZZTIME=5s fuzz`", Call{1, "test"}, Call{1, "fuzz"})
	f("two at once: `make build run`", Call{1, "build"}, Call{1, "run"})
	f("`make` alone, `cmake x`, `make $(X)`, `make ./path`")
	f("text\n```sh\n$ make build   # make it so\nCGO_ENABLED=0 make demo && make e2e | tee log; make clean\n# make no\n```\n",
		Call{2, "build"}, Call{2, "demo"}, Call{2, "e2e"}, Call{2, "clean"})
}

func TestScriptMakeCalls(t *testing.T) {
	t.Parallel()
	assert.Equal(t,
		[]Call{{1, "test"}, {3, "lint"}},
		ScriptMakeCalls("step 'unit tests' make test\n# step make nothing\n  make lint\n"))
}
