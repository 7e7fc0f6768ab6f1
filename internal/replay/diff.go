package replay

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Diff compares two sets of records without regard to order and describes at most limit differences, each beginning
// with the record's key. Records of one key are compared as a multiset: equal ones cancel out, the rest is paired in
// text order and shown line by line, "-" for what was wanted and "+" for what came. No difference gives nil.
func Diff(want, got []Record, limit int) []string {
	var diffs []string
	report := func(text string) bool {
		diffs = append(diffs, text)
		return len(diffs) < limit
	}
	missing, extra := unmatched(want, got)
	for len(missing) > 0 || len(extra) > 0 {
		var more bool
		switch {
		case len(extra) == 0 || len(missing) > 0 && missing[0].Key < extra[0].Key:
			more = report(missing[0].Key + ": missing\n- " + strings.Join(missing[0].Lines, "\n- "))
			missing = missing[1:]
		case len(missing) == 0 || extra[0].Key < missing[0].Key:
			more = report(extra[0].Key + ": unexpected\n+ " + strings.Join(extra[0].Lines, "\n+ "))
			extra = extra[1:]
		default:
			more = report(missing[0].Key + ": differs" + lineDiff(missing[0].Lines, extra[0].Lines))
			missing, extra = missing[1:], extra[1:]
		}
		if !more {
			if rest := len(missing) + len(extra); rest > 0 {
				diffs = append(diffs, fmt.Sprintf("and %d more records without a match", rest))
			}
			break
		}
	}
	return diffs
}

// unmatched returns sorted copies of both sets without the records that occur in both.
func unmatched(want, got []Record) (missing, extra []Record) {
	order := func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), slices.Compare(a.Lines, b.Lines))
	}
	want, got = slices.SortedFunc(slices.Values(want), order), slices.SortedFunc(slices.Values(got), order)
	for len(want) > 0 && len(got) > 0 {
		switch c := order(want[0], got[0]); {
		case c == 0:
			want, got = want[1:], got[1:]
		case c < 0:
			missing, want = append(missing, want[0]), want[1:]
		default:
			extra, got = append(extra, got[0]), got[1:]
		}
	}
	return append(missing, want...), append(extra, got...)
}

// lineDiff lists the lines that only one of two sorted slices has.
func lineDiff(want, got []string) string {
	var b strings.Builder
	for len(want) > 0 || len(got) > 0 {
		switch {
		case len(want) > 0 && len(got) > 0 && want[0] == got[0]:
			want, got = want[1:], got[1:]
		case len(got) == 0 || len(want) > 0 && want[0] < got[0]:
			b.WriteString("\n- " + want[0])
			want = want[1:]
		default:
			b.WriteString("\n+ " + got[0])
			got = got[1:]
		}
	}
	return b.String()
}
