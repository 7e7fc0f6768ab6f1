package cluster

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Variables that name each other twice grow without bound; what gets too long is not known, and the others are.
func TestExpansionIsBounded(t *testing.T) {
	t.Parallel()
	env := []Variable{{Name: "A0", Value: "xxxxxxxx", Known: true}}
	for i := range 60 {
		env = append(env, Variable{Name: fmt.Sprint("A", i+1), Value: fmt.Sprintf("$(A%d)$(A%d)", i, i), Known: true})
	}
	env = append(env,
		Variable{Name: EnvServiceName, Value: "$(A60)", Known: true},
		Variable{Name: EnvResourceAttributes, Value: "team=$(A1),long=$(A60)", Known: true})
	assert.Equal(t, []KV{{"team", "xxxxxxxxxxxxxxxx"}}, ResourceOf(env, ReadSDK))
}

// A pod has room for tens of thousands of variables that each name a long one. Together they stay small.
// It counts the process's allocations, so it does not run beside others.
func TestEnvironmentIsBounded(t *testing.T) {
	env := []Variable{known("LONG", strings.Repeat("x", maxExpanded-10)), known("SHORT", "s")}
	for i := range 10_000 {
		env = append(env, known(fmt.Sprint("A", i), "$(LONG)"))
	}
	env = append(env, known(EnvResourceAttributes, "team=edge,last=$(A9999)"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	assert.Equal(t, []KV{{"team", "edge"}}, ResourceOf(env, ReadSDK))
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20), "all of them would be 640 MB")
}

// A long variable is read as far as its bound, whatever is in it.
func TestLongVariableIsBounded(t *testing.T) {
	t.Parallel()
	text := "a=1,b=" + strings.Repeat("x", maxExpanded) + ",c=3"
	assert.Equal(t, []KV{{"c", "3"}, {"a", "1"}}, ResourceOf([]Variable{known(EnvResourceAttributes, text)}, ReadEnvoy))
	assert.Empty(t, ResourceOf([]Variable{known(EnvServiceName, text)}, ReadEnvoy))
}
