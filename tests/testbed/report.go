package testbed

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
)

// reportFile is where the table of the last run is left, below the test bed's folder.
const reportFile = "report.txt"

// Row is one line of the table that ends a run.
type Row struct {
	Program  string
	Version  string
	Replayed bool   // recorded payloads instead of the running program
	Case     string // what was tried, short
	Signals  string // "traces", "logs" or both
	In, Out  int    // spans and log records
	Legacy   int    // legacy keys left on items that went out
	Types    int    // attributes left with a type the conventions do not give them
}

var report struct {
	mu      sync.Mutex
	rows    []Row
	missing []Program
	faults  []string
}

// Record adds a line to the table, or to the line of the same program, version and case.
func Record(row Row) {
	report.mu.Lock()
	defer report.mu.Unlock()
	at := slices.IndexFunc(report.rows, func(r Row) bool {
		return r.Program == row.Program && r.Version == row.Version && r.Case == row.Case && r.Replayed == row.Replayed
	})
	if at < 0 {
		report.rows = append(report.rows, row)
		return
	}
	r := &report.rows[at]
	r.In, r.Out, r.Legacy, r.Types = r.In+row.In, r.Out+row.Out, r.Legacy+row.Legacy, r.Types+row.Types
	if !strings.Contains(r.Signals, row.Signals) {
		r.Signals = "traces+logs"
	}
}

func reportMissing(p Program) {
	report.mu.Lock()
	defer report.mu.Unlock()
	known := func(other Program) bool { return other.String() == p.String() }
	if !slices.ContainsFunc(report.missing, known) {
		report.missing = append(report.missing, p)
	}
}

// KnownFault is for what is not yet as it should be. It checks that today's outcome is exactly the known one, adds the fault
// to the table, and fails the test once the check of the right outcome passes: then that is to be called directly. The
// checks may report by Errorf only.
func KnownFault(tb testing.TB, fault string, right, today func(tb testing.TB)) {
	tb.Helper()
	probe := &failureProbe{TB: tb}
	right(probe)
	if !probe.failed {
		tb.Errorf("this fault is gone, do not expect it any more: %s", fault)
		return
	}
	today(tb)
	report.mu.Lock()
	defer report.mu.Unlock()
	if !slices.Contains(report.faults, fault) {
		report.faults = append(report.faults, fault)
	}
}

// failureProbe notices a failure instead of reporting it.
type failureProbe struct {
	testing.TB
	failed bool
}

func (p *failureProbe) Helper()               {}
func (p *failureProbe) Errorf(string, ...any) { p.failed = true }

// PrintReport writes the table to w and to _build/testbed/report.txt, and nothing if no test recorded anything.
func PrintReport(w io.Writer) error {
	report.mu.Lock()
	defer report.mu.Unlock()
	if len(report.rows) == 0 && len(report.missing) == 0 {
		return nil
	}
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	say(table, "program\tversion\tfrom\tcase\tsignals\tin\tout\tlegacy keys left\twrong types left\n")
	for _, r := range report.rows {
		from := "real"
		if r.Replayed {
			from = "replayed"
		}
		cells := []string{
			r.Program, r.Version, from, r.Case, r.Signals,
			strconv.Itoa(r.In), strconv.Itoa(r.Out), strconv.Itoa(r.Legacy), strconv.Itoa(r.Types),
		}
		say(table, "%s\n", strings.Join(cells, "\t"))
	}
	for _, p := range report.missing {
		target := "e2e-tools"
		if p.Set == AllSet {
			target = "e2e-tools-all"
		}
		say(table, "%s\t%s\tnot installed: make %s\n", p.Name, p.Version, target)
	}
	err := table.Flush()
	for _, fault := range report.faults {
		b.WriteString("known fault: " + fault + "\n")
	}
	root, rootErr := Root()
	if rootErr == nil {
		rootErr = os.MkdirAll(root, 0o755)
	}
	if rootErr == nil {
		rootErr = os.WriteFile(filepath.Join(root, reportFile), []byte(b.String()), 0o644)
	}
	_, writeErr := io.WriteString(w, b.String())
	if err = errors.Join(err, rootErr, writeErr); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}
