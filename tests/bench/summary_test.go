//go:build unix

package bench

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
)

// results are the prices of all runs, by benchmark, batch size and contestant. A ratio stands in place of its price's
// processor time.
var results = make(map[key][]price)

// leftovers are the differences between the contestants' results.
var leftovers = make(map[string]map[string]difference)

type key struct {
	what string
	size int
	name string
}

func note(what string, size int, name string, p price) {
	k := key{what, size, name}
	results[k] = append(results[k], p)
}

// TestMain prints what the benchmarks found side by side, and below it what the processors make of the same spans:
// a time means nothing without what it was spent on.
func TestMain(m *testing.M) {
	code := m.Run()
	if f := flag.Lookup("test.bench"); f != nil && f.Value.String() != "" && code == 0 {
		summary(os.Stdout)
		if found, ok := leftovers[transform]; ok {
			writeUndone(os.Stdout, transform, found, undone)
			writeUndone(os.Stdout, types, leftovers[types], nil)
		}
	}
	os.Exit(code)
}

// summary writes the medians.
func summary(out io.Writer) {
	summarizeRatios(out)
	for _, t := range []struct{ what, title string }{
		{"processor", "The processor alone"},
		{"path", "Decoding and the processor, garbage collection included"},
	} {
		for _, size := range sizes {
			runs := len(results[key{t.what, size, none}])
			if runs == 0 {
				continue
			}
			_, _ = fmt.Fprintf(out, "\n%s: processor time of a span, spans per request %d, median of %d\n\n", t.title, size, runs)
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
			_, _ = fmt.Fprintf(w, "processor\tns\tallocs\tB\tns above none\t\n")
			base := median(t.what, size, none)
			for _, c := range contestants {
				p := median(t.what, size, c.name)
				_, _ = fmt.Fprintf(w, "%s\t%.0f\t%.1f\t%.0f\t%.0f\t\n", c.name, p.cpu, p.allocs, p.bytes, p.cpu-base.cpu)
			}
			_ = w.Flush()
		}
	}
}

func summarizeRatios(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for i, size := range sizes {
		runs := len(results[key{"ratio", size, transform}])
		if runs == 0 {
			continue
		}
		if i == 0 {
			_, _ = fmt.Fprintf(out, "\nHow many times the processor time of %s, taking turns, median of %d\n\n", ours, runs)
			_, _ = fmt.Fprintf(w, "spans per request\t%s\t%s\t%s\t%s\t\n", transform, tuned, types, floor)
		}
		_, _ = fmt.Fprintf(w, "%d", size)
		for _, name := range []string{transform, tuned, types, floor} {
			_, _ = fmt.Fprintf(w, "\t%.1f", median("ratio", size, name).cpu)
		}
		_, _ = fmt.Fprintf(w, "\t\n")
	}
	_ = w.Flush()
}

func median(what string, size int, name string) price {
	all := results[key{what, size, name}]
	of := func(get func(price) float64) float64 {
		values := make([]float64, 0, len(all))
		for _, p := range all {
			values = append(values, get(p))
		}
		slices.Sort(values)
		if len(values) == 0 {
			return 0
		}
		return values[len(values)/2]
	}
	return price{
		wall:   of(func(p price) float64 { return p.wall }),
		cpu:    of(func(p price) float64 { return p.cpu }),
		allocs: of(func(p price) float64 { return p.allocs }),
		bytes:  of(func(p price) float64 { return p.bytes }),
	}
}
