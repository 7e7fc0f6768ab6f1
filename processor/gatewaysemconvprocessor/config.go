package gatewaysemconvprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"

	"github.com/gatehouse-otel/gatehouse/internal/configcheck"
	"github.com/gatehouse-otel/gatehouse/internal/engineconfig"
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
	URL engineconfig.URL `mapstructure:"url"`
	// HeaderAttributes is about http.request.header.* and http.response.header.*.
	HeaderAttributes HeaderConfig `mapstructure:"header_attributes"`
	// GenAI is about prompts and completions.
	GenAI engineconfig.GenAI `mapstructure:"gen_ai"`
	// Enable turns on rules that are off by default, by name. See the README for the list.
	Enable []string `mapstructure:"enable"`
	// Gateways describes gateways that are not built in, or more about one that is.
	Gateways []GatewayConfig `mapstructure:"gateways"`

	_ struct{}
}

// HeaderConfig says how header attributes are treated.
type HeaderConfig struct {
	engineconfig.Headers `mapstructure:",squash"`

	// Dashes replaces the list of headers whose old attributes spell '-' as '_', such as content_type.
	Dashes []string `mapstructure:"dashes"`

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
		URL:          engineconfig.URL{RedactQuery: d.SensitiveQuery},
		HeaderAttributes: HeaderConfig{
			Headers: engineconfig.Headers{Redact: d.SensitiveHeaders},
			Dashes:  d.DashedHeaders,
		},
		GenAI: engineconfig.GenAI{Content: d.Content},
	}
}

// Validate reports every problem at once, each line naming the field, the value and the way out.
func (c *Config) Validate() error {
	errs := errors.Join(
		configcheck.OneOf("mode", c.Mode, gateway.ModeReplace, gateway.ModeDuplicate),
		configcheck.OneOf("span_names", c.SpanNames, gateway.SpanNamesConvention, gateway.SpanNamesKeep),
		configcheck.OneOf("span_status", c.SpanStatus, gateway.SpanStatusConvention, gateway.SpanStatusKeep),
		configcheck.OneOf("body_size_as", c.BodySizeAs, gateway.BodySizeAttribute, gateway.BodySizeHeader),
		configcheck.OneOf("log_bodies", c.LogBodies, gateway.LogBodiesParse, gateway.LogBodiesKeep),
		c.GenAI.Check(),
		engineconfig.KnownMethods(c.KnownMethods),
		configcheck.Names("url::redact_query", c.URL.RedactQuery),
		configcheck.Names("header_attributes::redact", c.HeaderAttributes.Redact),
		configcheck.Names("header_attributes::dashes", c.HeaderAttributes.Dashes),
	)
	for _, name := range c.Enable {
		errs = errors.Join(errs, configcheck.OneOf("enable", name, optionNames()...))
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
