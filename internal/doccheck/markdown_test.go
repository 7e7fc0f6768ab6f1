package doccheck

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParse(t *testing.T) {
	t.Parallel()
	f := func(text string, want Document) {
		t.Helper()
		assert.Equal(t, want, Parse(text))
	}
	f("", Document{})
	f("one\r\ntwo\n", Document{Prose: []Line{{1, "one"}, {2, "two"}}})
	f("a\n```yaml collector\nx: 1\n\ny: 2\n```\nb", Document{
		Blocks: []Block{{Info: []string{"yaml", "collector"}, Text: "x: 1\n\ny: 2\n", Line: 2}},
		Prose:  []Line{{1, "a"}, {7, "b"}},
	})
	// Inside a list the block's own indentation is what follows the fence's.
	f("- item\n\n  ```\n  a:\n    b\n  ```\n", Document{
		Blocks: []Block{{Info: []string{}, Text: "a:\n  b\n", Line: 3}},
		Prose:  []Line{{1, "- item"}, {2, ""}},
	})
	// A longer fence holds a shorter one; the other kind of mark does not close either.
	f("````md\n```\n~~~\n````\n", Document{Blocks: []Block{{Info: []string{"md"}, Text: "```\n~~~\n", Line: 1}}})
	f("~~~\n```\n~~~\n", Document{Blocks: []Block{{Info: []string{}, Text: "```\n", Line: 1}}})
	// A fence with words after it opens and does not close.
	f("```\n```sh\n", Document{Blocks: []Block{{Info: []string{}, Text: "```sh\n", Line: 1}}})
	f("``` a `b` ```\n", Document{Prose: []Line{{1, "``` a `b` ```"}}})
}

func TestBlockIs(t *testing.T) {
	t.Parallel()
	block := Parse("```yaml collector\n```\n").Blocks[0]
	assert.True(t, block.Is("yaml", "collector"))
	assert.False(t, block.Is("yaml"))
	assert.False(t, block.Is("yaml", "collector", "more"))
	assert.True(t, Parse("```\n```\n").Blocks[0].Is())
}

func TestLinks(t *testing.T) {
	t.Parallel()
	f := func(text string, want ...Link) {
		t.Helper()
		assert.Equal(t, want, Parse(text).Links())
	}
	f("no link, not even [here] or (there)")
	f("see [a](a.md) and [b](<b.md#x> \"title\")", Link{1, "a.md"}, Link{1, "b.md#x"})
	f("[![badge](image.svg)](https://example.com/x)", Link{1, "image.svg"}, Link{1, "https://example.com/x"})
	f("\n[name]: docs/design.md\n", Link{2, "docs/design.md"})
	f("[comment]: <> (Code generated)\n[angled]: <a.md>\n", Link{2, "a.md"})
	f("code `[a](b.md)` is not one\n```\n[a](b.md)\n```\n")
}

func TestLinkParts(t *testing.T) {
	t.Parallel()
	f := func(target string, internal bool, path, fragment string) {
		t.Helper()
		link := Link{Target: target}
		assert.Equal(t, internal, link.Internal(), target)
		gotPath, gotFragment := link.Split()
		assert.Equal(t, path, gotPath, target)
		assert.Equal(t, fragment, gotFragment, target)
	}
	f("README.md", true, "README.md", "")
	f("../a/b.md#limits", true, "../a/b.md", "limits")
	f("#limits", true, "", "limits")
	f("https://example.com/#x", false, "https://example.com/", "x")
	f("mailto:a@example.com", false, "mailto:a@example.com", "")
	f("//example.com", false, "//example.com", "")
}

func TestAnchors(t *testing.T) {
	t.Parallel()
	text := "# Gatehouse: the `gateway_semconv` processor\n## Limits\n### Limits\n## See [this](x.md) & that\n" +
		"<a name=\"by-hand\"></a>\n#not a heading\n```\n# comment\n```\n"
	assert.Equal(t, map[string]bool{
		"gatehouse-the-gateway_semconv-processor": true,
		"limits":         true,
		"limits-1":       true,
		"see-this--that": true,
		"by-hand":        true,
	}, Parse(text).Anchors())
}
