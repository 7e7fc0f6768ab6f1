//go:build unix

package identity

import (
	"syscall"
	"testing"
	"time"
)

// cpu reports the time that this process got a processor, beside that on the wall: on a machine that does other things
// too it is the figure to look at. Time while the clock stands counts as well.
func cpu(b *testing.B) func() {
	b.Helper()
	b.ReportAllocs()
	used := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") }
}
