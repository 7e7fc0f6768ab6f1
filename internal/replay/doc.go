// Package replay plays recorded gateway telemetry into a Collector and keeps what comes out.
//
// It reads the payloads in tests/captures (All, Capture.Traces, Capture.Logs), sends them the way gateways do
// (GRPCSender, HTTPSender, PostRaw) and receives the result in process (Sink). Records and Diff compare telemetry
// without regard to batch borders and order. Starting the Collector itself is the job of replay/collector.
//
// The package serves tests, the demo and experiments. The data path of the distribution does not use it.
package replay
