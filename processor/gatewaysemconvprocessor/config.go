package gatewaysemconvprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"

	"github.com/gatehouse-otel/gatehouse/internal/gateway"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/builtin"
	"github.com/gatehouse-otel/gatehouse/internal/gateway/otel"
)

// Config is what users write under gateway_semconv. The empty configuration is the recommended one.
type Config struct {
	// Mode says what becomes of old attributes: replace (default) removes them, duplicate keeps them beside
	// the new ones, for the time dashboards are moved over.
	Mode gateway.Mode `mapstructure:"mode"`
	// SpanNames: convention (default) replaces names a gateway gave by itself, keep leaves all names alone.
	SpanNames gateway.SpanNames `mapstructure:"span_names"`
	// SpanStatus: convention (default) fills an unset span status and error.type by the HTTP and RPC rules,
	// keep leaves both alone.
	SpanStatus gateway.SpanStatus `mapstructure:"span_status"`
	// BodySizeAs says what http.request_content_length and its response twin become, since the official
	// sources disagree: body_size (default) is http.request.body.size, header is
	// http.request.header.content-length.
	BodySizeAs gateway.BodySizeAs `mapstructure:"body_size_as"`
	// LogBodies: parse (default) reads access log lines in log bodies into attributes, keep does not.
	LogBodies gateway.LogBodies `mapstructure:"log_bodies"`
	// KnownMethods replaces the list of HTTP methods that are not _OTHER.
	KnownMethods []string `mapstructure:"known_methods"`
	// URL is about secrets in URLs.
	URL URLConfig `mapstructure:"url"`
	// HeaderAttributes is about http.request.header.* and http.response.header.*.
	HeaderAttributes HeaderConfig `mapstructure:"header_attributes"`
	// GenAI is about prompts and completions.
	GenAI GenAIConfig `mapstructure:"gen_ai"`
	// Enable turns on rules that are off by default, by name. See the README for the list.
	Enable []string `mapstructure:"enable"`
	// Gateways describes gateways that are not built in, or more about one that is.
	Gateways []GatewayConfig `mapstructure:"gateways"`

	_ struct{}
}

// URLConfig says which secrets of URLs are hidden. Userinfo always is.
type URLConfig struct {
	// RedactQuery replaces the list of query parameters whose values become REDACTED. Default: the seven of
	// semantic conventions 1.45.0.
	RedactQuery []string `mapstructure:"redact_query"`
	// IgnoreCase compares those names without regard to case. Default: false, as the conventions do.
	IgnoreCase bool `mapstructure:"ignore_case"`

	_ struct{}
}

// HeaderConfig says how header attributes are treated.
type HeaderConfig struct {
	// Redact replaces the list of headers whose values become REDACTED.
	Redact []string `mapstructure:"redact"`
	// Dashes replaces the list of headers whose old attributes spell '-' as '_', such as content_type.
	Dashes []string `mapstructure:"dashes"`

	_ struct{}
}

// GenAIConfig says how prompts and completions are treated.
type GenAIConfig struct {
	// Content: keep (default) leaves them as sent, drop removes them wherever a gateway puts them, convert
	// makes gen_ai.input.messages and gen_ai.output.messages of them.
	Content gateway.Content `mapstructure:"content"`

	_ struct{}
}

func createDefaultConfig() component.Config {
	d := gateway.DefaultOptions()
	return &Config{
		Mode:         d.Mode,
		SpanNames:    d.SpanNames,
		SpanStatus:   d.SpanStatus,
		BodySizeAs:   d.BodySizeAs,
		LogBodies:    d.LogBodies,
		KnownMethods: d.KnownMethods,
		URL:          URLConfig{RedactQuery: d.SensitiveQuery},
		HeaderAttributes: HeaderConfig{
			Redact: d.SensitiveHeaders,
			Dashes: d.DashedHeaders,
		},
		GenAI: GenAIConfig{Content: d.Content},
	}
}

// Validate reports every problem at once, each line naming the field, the value and the way out.
func (c *Config) Validate() error {
	var errs error
	check := func(field, value string, legal ...string) {
		if !slices.Contains(legal, value) {
			errs = errors.Join(errs, fmt.Errorf("%s: %q is not possible, want one of %s", field, value, strings.Join(legal, ", ")))
		}
	}
	check("mode", string(c.Mode), string(gateway.ModeReplace), string(gateway.ModeDuplicate))
	check("span_names", string(c.SpanNames), string(gateway.SpanNamesConvention), string(gateway.SpanNamesKeep))
	check("span_status", string(c.SpanStatus), string(gateway.SpanStatusConvention), string(gateway.SpanStatusKeep))
	check("body_size_as", string(c.BodySizeAs), string(gateway.BodySizeAttribute), string(gateway.BodySizeHeader))
	check("log_bodies", string(c.LogBodies), string(gateway.LogBodiesParse), string(gateway.LogBodiesKeep))
	check("gen_ai::content", string(c.GenAI.Content), string(gateway.ContentKeep), string(gateway.ContentDrop), string(gateway.ContentConvert))
	for _, name := range c.Enable {
		check("enable", name, optionNames()...)
	}
	if len(c.KnownMethods) == 0 {
		errs = errors.Join(errs, errors.New("known_methods: the list is empty, so every method would become _OTHER: name the methods, or leave the field out"))
	}
	errs = errors.Join(errs,
		noEmpty("known_methods", c.KnownMethods),
		noEmpty("url::redact_query", c.URL.RedactQuery),
		noEmpty("header_attributes::redact", c.HeaderAttributes.Redact),
		noEmpty("header_attributes::dashes", c.HeaderAttributes.Dashes),
	)
	for _, m := range c.KnownMethods {
		if strings.ContainsAny(m, " \t\r\n") {
			errs = errors.Join(errs, fmt.Errorf("known_methods: %q is not a method: remove the space", m))
		}
	}
	for _, h := range c.HeaderAttributes.Dashes {
		if strings.Contains(h, "_") {
			errs = errors.Join(errs, fmt.Errorf("header_attributes::dashes: %q: write the header with dashes, as it is sent", h))
		}
	}
	builtins := make([]string, 0, 16)
	for _, p := range builtin.Profiles() {
		builtins = append(builtins, string(p.ID))
	}
	all := slices.Clone(builtins)
	for i := range c.Gateways {
		all = append(all, c.Gateways[i].ID)
	}
	for i := range c.Gateways {
		errs = errors.Join(errs, c.Gateways[i].validate(i, builtins, all))
	}
	if errs != nil {
		return errs
	}
	_, err := c.compile() // a loop of bases, too much evidence: what only shows when everything is put together
	return err
}

func noEmpty(field string, values []string) error {
	if slices.Contains(values, "") {
		return fmt.Errorf("%s: %q is not a name: remove it", field, "")
	}
	return nil
}

func optionNames() []string {
	names := make([]string, 0, len(otel.Options))
	for name := range otel.Options {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// compile puts the built-in and the configured gateways together.
func (c *Config) compile() (*gateway.Engine, error) {
	profiles := builtin.Profiles()
	for i := range c.Gateways {
		p := c.Gateways[i].profile()
		at := slices.IndexFunc(profiles, func(q gateway.Profile) bool { return q.ID == p.ID })
		if at >= 0 { // more about a built-in one: what the user says comes first
			profiles[at] = extend(profiles[at], p)
			continue
		}
		profiles = append(profiles, p)
	}
	return gateway.Compile(profiles, gateway.Options{
		Mode:                   c.Mode,
		SpanNames:              c.SpanNames,
		SpanStatus:             c.SpanStatus,
		BodySizeAs:             c.BodySizeAs,
		Content:                c.GenAI.Content,
		LogBodies:              c.LogBodies,
		KnownMethods:           c.KnownMethods,
		SensitiveQuery:         c.URL.RedactQuery,
		SensitiveQueryFoldCase: c.URL.IgnoreCase,
		SensitiveHeaders:       c.HeaderAttributes.Redact,
		DashedHeaders:          c.HeaderAttributes.Dashes,
		Optional:               c.Enable,
	})
}
