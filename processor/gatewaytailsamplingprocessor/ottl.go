package gatewaytailsamplingprocessor

import (
	"context"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspanevent"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component"
)

// asked is what a condition says about an item. An error is only told with error mode propagate.
type asked func(*facts) (bool, error)

// conditionsOf compiles conditions of a context. Paths may name the context or not: span.attributes and attributes.
func conditionsOf[K any](name string, parser ottl.Parser[K], list []string, mode ottl.ErrorMode, set component.TelemetrySettings) (*ottl.ConditionSequence[K], error) {
	type sequence = *ottl.ConditionSequence[K]
	collection, err := ottl.NewParserCollection(set, ottl.WithParserCollectionContext(name, &parser,
		ottl.WithConditionConverter(func(_ *ottl.ParserCollection[sequence], _ ottl.ConditionsGetter, parsed []*ottl.Condition[K]) (sequence, error) {
			seq := ottl.NewConditionSequence(parsed, set, ottl.WithConditionSequenceErrorMode[K](mode))
			return &seq, nil
		})))
	if err != nil {
		return nil, err
	}
	return collection.ParseConditionsWithContext(name, ottl.NewConditionsGetter(list), true)
}

func onSpans(list []string, mode ottl.ErrorMode, set component.TelemetrySettings) (asked, error) {
	functions := ottlfuncs.StandardConverters[*ottlspan.TransformContext]()
	root := ottlfuncs.NewIsRootSpanFactoryNew()
	functions[root.Name()] = root
	parser, err := ottlspan.NewParser(functions, set, ottlspan.EnablePathContextNames())
	if err != nil {
		return nil, err
	}
	seq, err := conditionsOf(ottlspan.ContextName, parser, list, mode, set)
	if err != nil {
		return nil, err
	}
	return func(f *facts) (bool, error) {
		if f.log {
			return false, nil
		}
		tc := ottlspan.NewTransformContextPtr(f.origin.resourceSpans, f.origin.spans, f.span)
		defer tc.Close()
		return seq.Eval(context.Background(), tc)
	}, nil
}

func onSpanEvents(list []string, mode ottl.ErrorMode, set component.TelemetrySettings) (asked, error) {
	parser, err := ottlspanevent.NewParser(ottlfuncs.StandardConverters[*ottlspanevent.TransformContext](), set, ottlspanevent.EnablePathContextNames())
	if err != nil {
		return nil, err
	}
	seq, err := conditionsOf(ottlspanevent.ContextName, parser, list, mode, set)
	if err != nil {
		return nil, err
	}
	return func(f *facts) (bool, error) {
		if f.log {
			return false, nil
		}
		for _, event := range f.span.Events().All() {
			tc := ottlspanevent.NewTransformContextPtr(f.origin.resourceSpans, f.origin.spans, f.span, event)
			ok, err := seq.Eval(context.Background(), tc)
			tc.Close()
			if ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}, nil
}

func onLogRecords(list []string, mode ottl.ErrorMode, set component.TelemetrySettings) (asked, error) {
	parser, err := ottllog.NewParser(ottlfuncs.StandardConverters[*ottllog.TransformContext](), set, ottllog.EnablePathContextNames())
	if err != nil {
		return nil, err
	}
	seq, err := conditionsOf(ottllog.ContextName, parser, list, mode, set)
	if err != nil {
		return nil, err
	}
	return func(f *facts) (bool, error) {
		if !f.log {
			return false, nil
		}
		tc := ottllog.NewTransformContextPtr(f.origin.resourceLogs, f.origin.records, f.record)
		defer tc.Close()
		return seq.Eval(context.Background(), tc)
	}, nil
}
