// Package bench measures gateway_semconv against contrib's transform processor with a configuration that does the same
// work, and against a processor that does nothing: the same spans, the same calls, in one run. README.md says how and
// what came out.
//
// It is a module of its own, so that what is only compared with does not become a dependency of the product. There is
// nothing in it but tests and benchmarks.
package bench
