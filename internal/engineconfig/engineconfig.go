// Package engineconfig has the parts of a configuration by which users set up the engine, [gateway.Engine], in whatever
// component has one: a section means the same, defaults to the same and refuses the same in all of them.
package engineconfig

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gatehouse-otel/gatehouse/internal/configcheck"
	"github.com/gatehouse-otel/gatehouse/internal/gateway"
)

// Keep says whether something is kept.
type Keep string

// Settings of what may be dropped.
const (
	KeepIt Keep = "keep"
	DropIt Keep = "drop"
)

// URL says which secrets of URLs are hidden. Userinfo always is.
type URL struct {
	// RedactQuery replaces the list of query parameters whose values become REDACTED. Default: the seven of semantic
	// conventions 1.45.0.
	RedactQuery []string `mapstructure:"redact_query"`
	// IgnoreCase compares those names without regard to case. Default: false, as the conventions do.
	IgnoreCase bool `mapstructure:"ignore_case"`

	_ struct{}
}

// Headers says how header attributes are treated.
type Headers struct {
	// Redact replaces the list of headers whose values become REDACTED, and of trailers, tags and members of metadata of
	// the same names.
	Redact []string `mapstructure:"redact"`

	_ struct{}
}

// GenAI says how prompts and completions are treated.
type GenAI struct {
	// Content: keep (default) leaves them as sent, drop removes them wherever a gateway puts them, convert makes
	// gen_ai.input.messages and gen_ai.output.messages of them.
	Content gateway.Content `mapstructure:"content"`

	_ struct{}
}

// Check refuses content that is none of the three.
func (g GenAI) Check() error {
	return configcheck.OneOf("gen_ai::content", g.Content, gateway.ContentKeep, gateway.ContentDrop, gateway.ContentConvert)
}

// KnownMethods refuses a list of methods, known_methods, by which no request could be told from another.
func KnownMethods(methods []string) error {
	if len(methods) == 0 {
		return errors.New("known_methods: the list is empty, so every method would become _OTHER: name the methods, or leave the field out")
	}
	errs := configcheck.Names("known_methods", methods)
	for _, m := range methods {
		if strings.ContainsAny(m, " \t\r\n") {
			errs = errors.Join(errs, fmt.Errorf("known_methods: %q is not a method: remove the space", m))
		}
	}
	return errs
}
