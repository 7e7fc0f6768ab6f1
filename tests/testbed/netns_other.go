//go:build unix && !linux

package testbed

import (
	"net/netip"
	"testing"
)

// Isolated skips the calling test: only Linux has network namespaces.
func Isolated(t *testing.T, row Row, _ ...netip.Prefix) bool {
	t.Helper()
	row.Case += ", not run: needs Linux"
	Record(row)
	t.Skip("needs network namespaces, which only Linux has")
	return false
}
