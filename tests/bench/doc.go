// Package bench measures gateway_semconv against contrib's transform processor with a configuration that does the same
// work, and against a processor that does nothing: the same spans, the same calls, in one run. README.md says how and
// what came out.
//
// It is a module of its own, so that what is only compared with does not become a dependency of the product. Beside
// tests and benchmarks it holds the comparison of the tail samplers (sampling, policies) and a load generator (load).
package bench
