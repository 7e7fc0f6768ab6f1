package main

import "fmt"

// matchSpans finds each span sent among those received by trace id and span id. Spans that share both are taken in
// order. It fails when a span is missing or there are spans nobody sent.
func matchSpans(sent, received []item) ([]exchange, error) {
	if len(sent) != len(received) {
		return nil, fmt.Errorf("sent %d spans, received %d", len(sent), len(received))
	}
	byKey := make(map[string][]item, len(received))
	for _, it := range received {
		byKey[it.key] = append(byKey[it.key], it)
	}
	exchanges := make([]exchange, 0, len(sent))
	for _, before := range sent {
		candidates := byKey[before.key]
		if len(candidates) == 0 {
			return nil, fmt.Errorf("span %s of %s did not come out", before.key, before.source)
		}
		byKey[before.key] = candidates[1:]
		exchanges = append(exchanges, exchange{before, compare(before.facts, candidates[0].facts)})
	}
	return exchanges, nil
}

// matchRecords pairs log records by their order, which the configured Collector keeps, and checks what a record cannot
// lose: the ids and times that it was sent with.
func matchRecords(sent, received []item) ([]exchange, error) {
	if len(sent) != len(received) {
		return nil, fmt.Errorf("sent %d log records, received %d", len(sent), len(received))
	}
	exchanges := make([]exchange, 0, len(sent))
	for i, before := range sent {
		for _, name := range []string{"(trace_id)", "(span_id)", "(time)", "(observed)"} {
			if want, got := before.get(name), received[i].get(name); want != "" && got != want {
				return nil, fmt.Errorf("log record %d of %s was sent with %s %s, received with %q",
					i+1, before.source, name, want, got)
			}
		}
		exchanges = append(exchanges, exchange{before, compare(before.facts, received[i].facts)})
	}
	return exchanges, nil
}
