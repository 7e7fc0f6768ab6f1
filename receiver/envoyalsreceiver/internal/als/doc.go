// Package als turns messages of Envoy's gRPC access log service into log records.
//
// [Open] walks over the entries of one StreamAccessLogsMessage, [Decoder.Records] makes a record of each, and
// [Decoder.Resource] makes resource attributes of the identifier that opens a stream. Every field of
// envoy/data/accesslog/v3/accesslog.proto has a place (go-control-plane 1.37.0): under its final name where nothing has
// to be interpreted, else under the key that internal/gateway/envoy has a rule for, because what a URL, a host or a
// cluster name means is decided there, for every way on which a gateway's access log can come.
//
// The wire format is read here instead of by golang/protobuf, for two reasons. A tree of messages between the wire and
// the record costs more than everything else the receiver does (BenchmarkDecode). And golang/protobuf refuses a whole
// message for one header that is not UTF-8, where the engine repairs that string. The generated types of
// go-control-plane are what the tests check this package against.
package als
