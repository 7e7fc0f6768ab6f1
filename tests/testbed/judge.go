package testbed

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// maxShown is how many items a failure prints.
const maxShown = 3

// Subject is what a case is about, for the table.
type Subject struct {
	Program, Version, Case string
	Replayed               bool     // recorded payloads instead of the running program
	Secrets                []string // texts that went in and may not come out anywhere
}

// Exchange is everything a Collector got and passed on.
type Exchange struct {
	Spans   []Pair[SpanItem]
	Records []Pair[RecordItem]
	traces  []ptrace.Traces // what came in, as it came
	logs    []plog.Logs
}

// NewExchange pairs the items that came in with those that went out.
func NewExchange(tracesIn, tracesOut []ptrace.Traces, logsIn, logsOut []plog.Logs) Exchange {
	return Exchange{
		Spans:   pairUp(spanItems(tracesIn), spanItems(tracesOut), equalSpan, sameSpan),
		Records: pairUp(recordItems(logsIn), recordItems(logsOut), equalRecord, sameRecord),
		traces:  tracesIn,
		logs:    logsIn,
	}
}

// Exchange waits until as much went out as came in and returns all of it. Call it after Wait.
func (c *Collector) Exchange(tb testing.TB) Exchange {
	tb.Helper()
	Eventually(tb, ItemTimeout, "two exporters to hand over the same items", func(context.Context) error {
		spansIn, recordsIn := c.Before.Counts()
		spansOut, recordsOut := c.After.Counts()
		if spansIn != spansOut || recordsIn != recordsOut {
			return fmt.Errorf("%d spans and %d log records in, %d and %d out", spansIn, recordsIn, spansOut, recordsOut)
		}
		return nil
	})
	return NewExchange(c.Before.Traces(), c.After.Traces(), c.Before.Logs(), c.After.Logs())
}

// Judge checks what holds for every gateway and adds a line to the table: as many items out as in, nothing touched that no
// processor may touch, no legacy key, no type that is not the conventions' one, no secret. A failure prints the items
// concerned before and after.
func (x Exchange) Judge(tb testing.TB, s Subject) {
	tb.Helper()
	x.record(tb, s)
	Record(x.judge(tb, s))
}

func (x Exchange) judge(tb testing.TB, s Subject) Row {
	tb.Helper()
	var (
		row      = Row{Program: s.Program, Version: s.Version, Replayed: s.Replayed, Case: s.Case}
		verdicts []string
	)
	note := func(what string, faults []string, before, after []string) {
		if len(faults) > 0 {
			verdicts = append(verdicts, what+": "+strings.Join(faults, "; ")+"\n"+sideBySide(before, after))
		}
	}
	for _, p := range x.Spans {
		switch {
		case p.Before == nil:
			row.Out++
			note("span", []string{"came out and never went in"}, nil, p.After.lines)
		case p.After == nil:
			row.In++
			note("span", []string{"went in and never came out"}, p.Before.lines, nil)
		default:
			row.In++
			row.Out++
			legacy, types := LegacyLeft(p.After.Attributes()), WrongTypes(p.After.Attributes())
			row.Legacy += len(legacy)
			row.Types += len(types)
			faults := slices.Concat(touched(p), prefixed("legacy key ", legacy), types, secretsLeft(s.Secrets, p.After.lines))
			note("span", faults, p.Before.lines, p.After.lines)
		}
	}
	for _, p := range x.Records {
		switch {
		case p.Before == nil:
			row.Out++
			note("log record", []string{"came out and never went in"}, nil, p.After.lines)
		case p.After == nil:
			row.In++
			note("log record", []string{"went in and never came out"}, p.Before.lines, nil)
		default:
			row.In++
			row.Out++
			legacy, types := LegacyLeft(p.After.Attributes()), WrongTypes(p.After.Attributes())
			row.Legacy += len(legacy)
			row.Types += len(types)
			faults := slices.Concat(prefixed("legacy key ", legacy), types, secretsLeft(s.Secrets, p.After.lines))
			// agentgateway writes every access log record as INFO; a failed request is raised, nothing is played down.
			if p.After.SeverityNumber() < p.Before.SeverityNumber() {
				faults = append(faults, "severity is lower than before")
			}
			note("log record", faults, p.Before.lines, p.After.lines)
		}
	}
	switch {
	case len(x.Spans) > 0 && len(x.Records) > 0:
		row.Signals = "traces+logs"
	case len(x.Spans) > 0:
		row.Signals = "traces"
	case len(x.Records) > 0:
		row.Signals = "logs"
	}
	if row.In == 0 {
		tb.Errorf("%s %s, %s: nothing came in", s.Program, s.Version, s.Case)
	}
	if len(verdicts) > 0 {
		shown := verdicts[:min(len(verdicts), maxShown)]
		tb.Errorf("%s %s, %s: %d of %d items are not as they should be\n%s",
			s.Program, s.Version, s.Case, len(verdicts), max(row.In, row.Out), strings.Join(shown, "\n"))
	}
	return row
}

func prefixed(prefix string, texts []string) []string {
	result := make([]string, len(texts))
	for i, text := range texts {
		result[i] = prefix + text
	}
	return result
}

// secretsLeft names the lines that still hold one of the texts.
func secretsLeft(secrets, lines []string) []string {
	var left []string
	for _, secret := range secrets {
		for _, line := range lines {
			if strings.Contains(line, secret) {
				field, _, _ := strings.Cut(line, " = ")
				left = append(left, fmt.Sprintf("secret %q left in %s", secret, field))
			}
		}
	}
	return left
}
