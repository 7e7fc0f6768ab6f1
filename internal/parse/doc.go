// Package parse turns the text values gateways write into typed ones: URLs, addresses, numbers, durations, protocol
// versions, trace ids and timestamps, and it hides the secrets in URLs.
//
// Every function is pure and safe for concurrent use, takes time linear in its input, never panics, and allocates
// nothing: a text result is a slice of the input, so it keeps the whole input alive. The one exception is [Redactor],
// which builds a new string when it had something to hide.
//
// A parser accepts what gateways were seen to write and refuses the rest with ok=false and zero results; what happens
// to a refused value is the caller's decision. The package knows no attribute names and no pdata.
package parse
