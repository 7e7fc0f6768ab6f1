package logline

import "go.opentelemetry.io/collector/pdata/pcommon"

// skipValue passes over a value that is not kept.
func (p *kongParser) skipValue(depth int) error {
	switch p.peek() {
	case '{', '[':
		at := p.i
		if !p.skipNested() {
			p.i = at
			return p.fail("a closing bracket for the value that starts")
		}
		return nil
	}
	return p.value(pcommon.NewValueEmpty(), depth)
}

// skipNested goes behind the object or array that starts at the position, by its brackets alone; false when it never
// closes.
func (p *kongParser) skipNested() bool {
	open := 0
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '{', '[':
			open++
		case '}', ']':
			if open--; open == 0 {
				p.i++
				return true
			}
		case '"':
			if !p.skipString() {
				return false
			}
			continue
		}
		p.i++
	}
	return false
}

// skipString goes behind the string that starts at the position.
func (p *kongParser) skipString() bool {
	for i := p.i + 1; i < len(p.s); i++ {
		switch p.s[i] {
		case '\\':
			i++
		case '"':
			p.i = i + 1
			return true
		}
	}
	p.i = len(p.s)
	return false
}
