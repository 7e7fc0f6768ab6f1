package gatewaytailsamplingprocessor

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
)

// PolicyConfig is a policy of contrib's tail_sampling processor (v0.158.0), in its words and with its meaning. Only
// the part that its type names is used. Policies look at spans alone.
type PolicyConfig struct {
	// Leaf is what a policy has that is made of no other.
	Leaf LeafPolicyConfig `mapstructure:",squash"`
	// Composite shares a rate between policies.
	Composite CompositeConfig `mapstructure:"composite"`
	// And needs all of its policies.
	And AndConfig `mapstructure:"and"`
	// Not turns a policy around.
	Not NotConfig `mapstructure:"not"`
	// Drop drops what all of its policies would keep, whatever the others say.
	Drop DropConfig `mapstructure:"drop"`

	_ struct{}
}

// AndPolicyConfig is a policy within and and drop.
type AndPolicyConfig struct {
	// Leaf is what a policy has that is made of no other.
	Leaf LeafPolicyConfig `mapstructure:",squash"`
	// Not turns a policy around.
	Not NotConfig `mapstructure:"not"`

	_ struct{}
}

// CompositePolicyConfig is a policy within composite.
type CompositePolicyConfig struct {
	// Leaf is what a policy has that is made of no other.
	Leaf LeafPolicyConfig `mapstructure:",squash"`
	// And needs all of its policies.
	And AndConfig `mapstructure:"and"`

	_ struct{}
}

// LeafPolicyConfig is a policy that is made of no other.
type LeafPolicyConfig struct {
	// Name tells the policy in marks and metrics.
	Name string `mapstructure:"name"`
	// Type says which of the parts below counts.
	Type string `mapstructure:"type"`

	// Latency is from the earliest start to the latest end of the spans.
	Latency LatencyConfig `mapstructure:"latency"`
	// NumericAttribute is an attribute of a span or resource in a range.
	NumericAttribute NumericAttributeConfig `mapstructure:"numeric_attribute"`
	// Probabilistic keeps a share of the traces by a hash of their id.
	Probabilistic ProbabilisticConfig `mapstructure:"probabilistic"`
	// StatusCode is the status of a span.
	StatusCode StatusCodeConfig `mapstructure:"status_code"`
	// StringAttribute is an attribute of a span or resource with one of some values.
	StringAttribute StringAttributeConfig `mapstructure:"string_attribute"`
	// RateLimiting bounds spans a second.
	RateLimiting RateLimitingConfig `mapstructure:"rate_limiting"`
	// BytesLimiting bounds bytes a second.
	BytesLimiting BytesLimitingConfig `mapstructure:"bytes_limiting"`
	// SpanCount is how many spans the trace has.
	SpanCount SpanCountConfig `mapstructure:"span_count"`
	// TraceState is a value in the trace state of a span.
	TraceState TraceStateConfig `mapstructure:"trace_state"`
	// BooleanAttribute is an attribute of a span or resource that is true, or false.
	BooleanAttribute BooleanAttributeConfig `mapstructure:"boolean_attribute"`
	// OTTLCondition is a condition on a span or one of its events.
	OTTLCondition OTTLConditionConfig `mapstructure:"ottl_condition"`

	_ struct{}
}

// LatencyConfig is met above ThresholdMs and, if it is set, up to UpperThresholdMs.
type LatencyConfig struct {
	// ThresholdMs is the lower bound, ms.
	ThresholdMs int64 `mapstructure:"threshold_ms"`
	// UpperThresholdMs is the upper bound, ms. Default 0: none.
	UpperThresholdMs int64 `mapstructure:"upper_threshold_ms"`

	_ struct{}
}

// NumericAttributeConfig is met from MinValue to MaxValue. 0 is no bound, as in contrib.
type NumericAttributeConfig struct {
	// Key of the attribute.
	Key string `mapstructure:"key"`
	// MinValue is the least. Default 0: none.
	MinValue int64 `mapstructure:"min_value"`
	// MaxValue is the most. Default 0: none.
	MaxValue int64 `mapstructure:"max_value"`
	// InvertMatch: met when no span or resource has such a value.
	InvertMatch bool `mapstructure:"invert_match"`

	_ struct{}
}

// ProbabilisticConfig keeps a share.
type ProbabilisticConfig struct {
	// HashSalt makes this hash another one than that of other samplers.
	HashSalt string `mapstructure:"hash_salt"`
	// SamplingPercentage is how many of a hundred traces are kept.
	SamplingPercentage float64 `mapstructure:"sampling_percentage"`

	_ struct{}
}

// StatusCodeConfig lists status codes.
type StatusCodeConfig struct {
	// StatusCodes are of OK, ERROR and UNSET.
	StatusCodes []string `mapstructure:"status_codes"`

	_ struct{}
}

// StringAttributeConfig lists values of an attribute.
type StringAttributeConfig struct {
	// Key of the attribute.
	Key string `mapstructure:"key"`
	// Values are compared whole, or are regular expressions.
	Values []string `mapstructure:"values"`
	// EnabledRegexMatching makes them regular expressions.
	EnabledRegexMatching bool `mapstructure:"enabled_regex_matching"`
	// CacheMaxSize is accepted and has no effect: there is no cache of matches.
	CacheMaxSize int `mapstructure:"cache_max_size"`
	// InvertMatch: met when no span or resource has such a value.
	InvertMatch bool `mapstructure:"invert_match"`

	_ struct{}
}

// RateLimitingConfig bounds spans a second by a token bucket.
type RateLimitingConfig struct {
	// SpansPerSecond fill the bucket.
	SpansPerSecond int64 `mapstructure:"spans_per_second"`
	// BurstCapacity is what it holds. Default 0: twice SpansPerSecond.
	BurstCapacity int64 `mapstructure:"burst_capacity"`

	_ struct{}
}

// BytesLimitingConfig bounds bytes a second by a token bucket.
type BytesLimitingConfig struct {
	// BytesPerSecond fill the bucket.
	BytesPerSecond int64 `mapstructure:"bytes_per_second"`
	// BurstCapacity is what it holds. Default 0: twice BytesPerSecond.
	BurstCapacity int64 `mapstructure:"burst_capacity"`

	_ struct{}
}

// SpanCountConfig is met from MinSpans to MaxSpans.
type SpanCountConfig struct {
	// MinSpans is the fewest.
	MinSpans int32 `mapstructure:"min_spans"`
	// MaxSpans is the most. Default 0: no bound.
	MaxSpans int32 `mapstructure:"max_spans"`

	_ struct{}
}

// TraceStateConfig lists values of a trace state's member.
type TraceStateConfig struct {
	// Key of the member.
	Key string `mapstructure:"key"`
	// Values of which it must have one.
	Values []string `mapstructure:"values"`

	_ struct{}
}

// BooleanAttributeConfig is met by one of the two values.
type BooleanAttributeConfig struct {
	// Key of the attribute.
	Key string `mapstructure:"key"`
	// Value it must have.
	Value bool `mapstructure:"value"`
	// InvertMatch: met when no span or resource has that value.
	InvertMatch bool `mapstructure:"invert_match"`

	_ struct{}
}

// OTTLConditionConfig lists conditions, one of which must hold.
type OTTLConditionConfig struct {
	// ErrorMode says what a condition that fails does: ignore and silent, it does not hold; propagate, the policy has no
	// opinion about the trace. Default: silent.
	ErrorMode ottl.ErrorMode `mapstructure:"error_mode"`
	// Span are conditions on a span.
	Span []string `mapstructure:"span"`
	// SpanEvent are conditions on an event of a span.
	SpanEvent []string `mapstructure:"spanevent"`

	_ struct{}
}

// CompositeConfig shares a rate between policies.
type CompositeConfig struct {
	// MaxTotalSpansPerSecond is the rate.
	MaxTotalSpansPerSecond int64 `mapstructure:"max_total_spans_per_second"`
	// PolicyOrder is accepted and has no effect, as in contrib.
	PolicyOrder []string `mapstructure:"policy_order"`
	// SubPolicies are asked in order; the first that would keep a trace has it on its share.
	SubPolicies []CompositePolicyConfig `mapstructure:"composite_sub_policy"`
	// RateAllocation are the shares. One that is not listed has none.
	RateAllocation []RateAllocationConfig `mapstructure:"rate_allocation"`

	_ struct{}
}

// RateAllocationConfig is the share of a policy.
type RateAllocationConfig struct {
	// Policy is its name.
	Policy string `mapstructure:"policy"`
	// Percent of the rate. Default 0: the rate by the number of policies.
	Percent int64 `mapstructure:"percent"`

	_ struct{}
}

// AndConfig needs all of its policies.
type AndConfig struct {
	// SubPolicies are the policies.
	SubPolicies []AndPolicyConfig `mapstructure:"and_sub_policy"`

	_ struct{}
}

// NotConfig turns a policy around.
type NotConfig struct {
	// SubPolicy is the policy.
	SubPolicy LeafPolicyConfig `mapstructure:"not_sub_policy"`

	_ struct{}
}

// DropConfig drops what all of its policies would keep.
type DropConfig struct {
	// SubPolicies are the policies.
	SubPolicies []AndPolicyConfig `mapstructure:"drop_sub_policy"`

	_ struct{}
}
