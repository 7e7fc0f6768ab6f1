// Command demo shows what Gatehouse makes of real gateway telemetry.
//
// It starts a built Collector, replays the recordings of tests/captures into it over the network, and prints for each
// gateway one span and one log record before and after. Nothing but the binary is needed; everything runs on loopback
// and stops by itself.
//
//	go run ./tests/demo --collector _build/otelcol-gatehouse
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

const (
	defaultWidth = 120
	maxWidth     = 200 // a wider table is harder to read
	defaultRows  = 12  // lines of a table: two of them and their frame fit a screen
)

func main() {
	binary := flag.String("collector", "_build/otelcol-gatehouse", "the built `binary`")
	captures := flag.String("captures", "tests/captures", "the `folder` of recordings")
	width := flag.Int("width", 0, "`columns` of a line (default: the terminal's, or 120)")
	rows := flag.Int("rows", defaultRows, "`lines` of a table, 0 for all")
	flag.Parse()
	if flag.NArg() > 0 {
		fail(fmt.Errorf("unexpected argument %q", flag.Arg(0)))
	}

	// Without this a reader such as head would end the program before it has stopped the Collector.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, screen(*width, *rows), *binary, *captures)
	stop()
	if err != nil {
		fail(err)
	}
}

// screen tells what standard output can show. Colors need a terminal and the absence of NO_COLOR (no-color.org).
func screen(width, rows int) layout {
	l := layout{width: defaultWidth, rows: rows}
	if stdout := int(os.Stdout.Fd()); term.IsTerminal(stdout) {
		l.on = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if columns, _, err := term.GetSize(stdout); err == nil {
			l.width = min(columns, maxWidth)
		}
	}
	if width > 0 {
		l.width = width
	}
	l.width = max(l.width, minWidth)
	return l
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "demo: %v\n", err)
	os.Exit(1)
}
