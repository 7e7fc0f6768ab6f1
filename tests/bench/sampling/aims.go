//go:build unix

package main

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/gatehouse-otel/gatehouse/tests/bench/load/traffic"
)

// What gateway_tail_sampling has to reach, in every shape.
const (
	aimBytes   = 10.0                  // times fewer bytes per pending span than contrib's
	aimObjects = 0.05                  // heap objects per pending span, at most
	aimGC      = 50 * time.Millisecond // on the clock, for a full collection with 600,000 pending spans, at most
	aimSpeed   = 3.0                   // times the spans per CPU second of contrib's
)

// aims collects the worst case of each.
type aims struct {
	bytes, objects, speedup float64
	gc                      time.Duration
	ours, theirs            map[traffic.Shape]pending
}

func newAims() *aims {
	return &aims{
		bytes: math.Inf(1), speedup: math.Inf(1),
		ours: make(map[traffic.Shape]pending), theirs: make(map[traffic.Shape]pending),
	}
}

func (a *aims) pending(name string, shape traffic.Shape, p pending) {
	if name == contrib {
		a.theirs[shape] = p
		return
	}
	a.ours[shape] = p
	a.objects, a.gc = max(a.objects, p.objects), max(a.gc, p.gc)
}

func (a *aims) speed(all map[string]*speed) {
	a.speedup = min(a.speedup, above(all, contrib)/above(all, ours))
}

// report writes how the worst shape stands to each aim, and returns how many are missed.
func (a *aims) report(out io.Writer) (missed int) {
	for shape, p := range a.ours {
		a.bytes = min(a.bytes, a.theirs[shape].bytes/p.bytes)
	}
	_, _ = fmt.Fprint(out, "\n## Aims, worst shape of all\n\n")
	line := func(reached bool, format string, args ...any) {
		word := "reached"
		if !reached {
			word = "MISSED"
			missed++
		}
		_, _ = fmt.Fprintf(out, "- "+format+": "+word+"\n", args...)
	}
	line(a.bytes >= aimBytes, "%.1f times fewer bytes per pending span, aim %.0f", a.bytes, aimBytes)
	line(a.objects < aimObjects, "%.4f heap objects per pending span, aim below %.2f", a.objects, aimObjects)
	line(a.gc < aimGC, "%.1f ms for a full GC, aim below %.0f ms", a.gc.Seconds()*1000, aimGC.Seconds()*1000)
	line(a.speedup >= aimSpeed, "%.1f times the spans per CPU second, aim %.0f", a.speedup, aimSpeed)
	return missed
}
