package cluster

import (
	"fmt"
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
