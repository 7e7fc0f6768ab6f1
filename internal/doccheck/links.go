package doccheck

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Link is a target that a document points to.
type Link struct {
	// Line is counted from 1.
	Line int
	// Target is as written: a URL, or a path with or without a fragment.
	Target string
}

var (
	// inlineLink matches the target of [text](target) and ![text](target), also of an image inside a link.
	inlineLink = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)`)
	// linkDefinition matches the target of "[name]: target". mdatagen hides a comment behind "[comment]: <> (...)", which
	// has no target.
	linkDefinition = regexp.MustCompile(`^ {0,3}\[[^\]]+\]:\s+<?([^\s<>]+)`)
	// linkText matches a whole inline link; its text is the first group.
	linkText = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	// htmlAnchor matches an anchor that the author set by hand.
	htmlAnchor = regexp.MustCompile(`<a\s+(?:name|id)="([^"]+)"`)
	// heading matches an ATX heading; its text is the first group.
	heading = regexp.MustCompile(`^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$`)
	// scheme matches the beginning of an absolute URL.
	scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
)

// Internal tells whether the target is inside the repository: neither an absolute URL nor one without a scheme.
func (l Link) Internal() bool {
	return !scheme.MatchString(l.Target) && !strings.HasPrefix(l.Target, "//")
}

// Split returns the path and the fragment of the target. Either may be empty: "#limits" has no path, "README.md" has no
// fragment.
func (l Link) Split() (path, fragment string) {
	path, fragment, _ = strings.Cut(l.Target, "#")
	return path, fragment
}

// Links returns the targets in the document's prose. Text in code, inline or fenced, is not a link.
func (d Document) Links() []Link {
	var links []Link
	for _, line := range d.Prose {
		text := inlineCode.ReplaceAllString(line.Text, "")
		if match := linkDefinition.FindStringSubmatch(text); match != nil {
			links = append(links, Link{Line: line.Number, Target: match[1]})
			continue
		}
		for _, match := range inlineLink.FindAllStringSubmatch(text, -1) {
			links = append(links, Link{Line: line.Number, Target: match[1]})
		}
	}
	return links
}

// Anchors returns the fragments that a link into the document may use: one per heading, spelled as GitHub does (lower
// case, punctuation dropped, spaces as hyphens, a number after the second and later of the same spelling), and those
// set by hand.
func (d Document) Anchors() map[string]bool {
	anchors := map[string]bool{}
	seen := map[string]int{}
	for _, line := range d.Prose {
		for _, match := range htmlAnchor.FindAllStringSubmatch(line.Text, -1) {
			anchors[match[1]] = true
		}
		match := heading.FindStringSubmatch(line.Text)
		if match == nil {
			continue
		}
		slug := slug(match[1])
		count := seen[slug]
		seen[slug]++
		if count > 0 {
			slug += "-" + strconv.Itoa(count)
		}
		anchors[slug] = true
	}
	return anchors
}

func slug(text string) string {
	text = linkText.ReplaceAllString(text, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, text)
}
