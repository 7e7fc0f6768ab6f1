// Package configcheck has the checks that the configurations of several components make, so that all of them tell the same
// mistake in the same words: the field, the value, and the way out.
package configcheck

import (
	"fmt"
	"slices"
	"strings"
)

// OneOf refuses a value that is not among the legal ones; field is what users call it.
func OneOf[T ~string](field string, value T, legal ...T) error {
	if slices.Contains(legal, value) {
		return nil
	}
	texts := make([]string, len(legal))
	for i := range legal {
		texts[i] = string(legal[i])
	}
	return fmt.Errorf("%s: %q is not possible, want one of %s", field, value, strings.Join(texts, ", "))
}

// Names refuses a list with an empty name.
func Names(field string, names []string) error {
	if slices.Contains(names, "") {
		return fmt.Errorf("%s: %q is not a name: remove it", field, "")
	}
	return nil
}
