// Package logline turns one access-log line of a gateway into attributes that carry the gateway's own
// words, exactly as if the gateway had sent them over OTLP. Renaming to the semantic conventions is not
// done here: the rewriting engine does it afterwards, with the same tables it uses for spans.
//
// The data path is [Sniff] (which format is it) followed by [Parse] (one format, one line). Both are pure:
// no state, no clock, no logger; safe for concurrent use.
//
// Strings are slices of the line wherever the line holds them unescaped, so a parsed record keeps the line
// alive. Bytes that are not UTF-8 pass through as they came, because only the caller knows whether the line
// still has to be repaired; text this package itself decodes from escapes is valid UTF-8 unless such raw
// bytes stood next to the escape.
//
// Every parser runs in time linear in the length of the line, whatever the line holds. Access logs carry
// text that outsiders choose (user agents, model names, user names), so each parser says in its comment
// which parts of a line it trusts to find the others.
package logline
