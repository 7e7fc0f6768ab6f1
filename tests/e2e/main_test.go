//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

// The table of what was tested comes last, whatever the outcome.
func TestMain(m *testing.M) {
	code := m.Run()
	if err := testbed.PrintReport(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
