package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// hostileTexts are pieces that, repeated, meet the worst case of one part of Text.
var hostileTexts = map[string]string{
	"schemes":     "://",
	"schemes_at":  "://@",
	"authorities": "://a@",
	"colons":      ":/:",
	"separators":  "?&",
	"parameters":  "&sig=",
	"hidden":      "&sig=x",
	"encoded":     "&%73%69%67=x",
	"near_misses": "&sigsigsigsigsigsigsigsigsigsigsigsigsigsigsigsigsigsig",
	"nested":      "?s://s",
	"inside":      "://x&sig=",
	"escapes":     `\u0026sig=`,
	"backslashes": `\`,
	"slashes":     `:\/\/`,
	"entities":    "&amp;sig=",
	"percent":     "&%",
	"ats":         "@",
}

// TestTextLinear runs 256 kB of every hostile piece. Anything quadratic takes half a minute for that; the limit is some
// thousand times what a linear walk takes, so that a busy machine does not fail it.
func TestTextLinear(t *testing.T) {
	t.Parallel()
	r := NewRedactor(append([]string{"s"}, DefaultSensitiveQuery...), false)
	const size, limit = 256 << 10, 5 * time.Second
	for name, piece := range hostileTexts {
		for _, prefix := range []string{"", "&sig=", "x://"} {
			for _, suffix := range []string{"", "@"} {
				in := prefix + strings.Repeat(piece, size/len(piece)) + suffix
				start := time.Now()
				once, changed := r.Text(in)
				assert.Less(t, time.Since(start), limit, name)
				assert.Equal(t, once != in, changed, name)
				assert.LessOrEqual(t, len(once), 4*len(in)+64, name)
				twice, changed := r.Text(once)
				assert.False(t, changed, "%s: %q %q", name, prefix, suffix)
				assert.Len(t, twice, len(once), name)
			}
		}
		in := strings.Repeat(piece, size/len(piece))
		start := time.Now()
		once, _ := r.Query(in)
		assert.Less(t, time.Since(start), limit, name)
		_, changed := r.Query(once)
		assert.False(t, changed, name)
	}
}
