package replay

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Signal is the kind of telemetry a capture turns into.
type Signal string

// The signals of captures.
const (
	SignalTraces Signal = "traces"
	SignalLogs   Signal = "logs"
)

// Format is how a capture file is written.
type Format string

// The formats of capture files.
const (
	FormatOTLPJSON  Format = "otlp-json"  // one OTLP/JSON document (.json), or one export request a line (.jsonl)
	FormatOTLPProto Format = "otlp-proto" // the body of one OTLP/HTTP request, as it was on the wire
	FormatZipkin    Format = "zipkin"     // one Zipkin v2 JSON array a line
	FormatLines     Format = "lines"      // what a gateway wrote to a file or to stdout
	FormatBody      Format = "body"       // one JSON document that a file logger would write as one line
	FormatKongLog   Format = "kong-log"   // one message of Kong's log plugins a line: an object or an array of objects
	FormatALS       Format = "als"        // one StreamAccessLogsMessage of Envoy's access log service a line, protobuf JSON
)

// receivers are the formats that only a receiver of this repository reads: pdata has no decoder for them.
var receivers = map[Format]bool{FormatALS: true, FormatKongLog: true}

// Capture names one file of recorded telemetry.
type Capture struct {
	Gateway string // the folder: "kong"
	Version string // the file name up to the first '-': "3.9.3"
	Name    string // the rest of it, without the extension: "postgres-traces"
	Signal  Signal
	Format  Format
	// Constructed is true for files written by hand from documentation, false for recordings.
	Constructed bool
	Path        string
}

// String returns a short name that is unique among captures: "kong/3.9.3-postgres-traces.jsonl".
func (c Capture) String() string {
	name := c.Gateway + "/" + filepath.Base(c.Path)
	if c.Constructed {
		return constructedDir + "/" + name
	}
	return name
}

const (
	constructedDir = "constructed" // gateways below it, files written by hand
	configDir      = "config"      // in a gateway's folder: what the gateway was configured with
)

// All lists the captures under root (tests/captures of this repository), ordered by path.
//
// A capture lies in <gateway>/<version>-<name>.<ext>, a handmade one in constructed/<gateway>/. Folders named config
// and files directly in root are skipped, and so is what only a receiver reads (see Of). A file whose name does not tell
// how to read it is an error, so that no recording is left out unnoticed.
func All(root string) ([]Capture, error) {
	return list(root, func(c Capture) bool { return !receivers[c.Format] })
}

// Of lists the captures of one format, as All does. It is the way to those that only a receiver reads: Payloads returns
// what they hold, Traces and Logs fail.
func Of(root string, format Format) ([]Capture, error) {
	return list(root, func(c Capture) bool { return c.Format == format })
}

func list(root string, wanted func(Capture) bool) ([]Capture, error) {
	var captures []Capture
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == configDir:
			return fs.SkipDir
		case entry.IsDir() || !strings.Contains(name, "/"):
			return nil
		}
		c, err := parseName(name)
		if err != nil {
			return err
		}
		c.Path = filepath.Join(root, filepath.FromSlash(name))
		if wanted(c) {
			captures = append(captures, c)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list captures in %s: %w", root, err)
	}
	return captures, nil
}

// parseName tells a capture's origin and format from its slash-separated path below the root.
func parseName(name string) (Capture, error) {
	dir, file := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	ext := path.Ext(file)
	version, what, ok := strings.Cut(strings.TrimSuffix(file, ext), "-")
	gateway, constructed := strings.CutPrefix(dir, constructedDir+"/")
	if !ok || version == "" || what == "" ||
		gateway == "" || gateway == constructedDir || strings.Contains(gateway, "/") {
		return Capture{}, fmt.Errorf("capture %q: want <gateway>/<version>-<what>.<ext>", name)
	}
	c := Capture{Gateway: gateway, Version: version, Name: what, Constructed: constructed}

	isJSON := ext == ".json" || ext == ".jsonl"
	switch {
	case ext == ".pb" && strings.HasPrefix(what, "raw-traces"):
		c.Signal, c.Format = SignalTraces, FormatOTLPProto
	case ext == ".pb" && strings.HasPrefix(what, "raw-logs"):
		c.Signal, c.Format = SignalLogs, FormatOTLPProto
	case ext == ".jsonl" && strings.HasPrefix(what, "zipkin"):
		c.Signal, c.Format = SignalTraces, FormatZipkin
	case ext == ".jsonl" && lastWord(what) == "als":
		c.Signal, c.Format = SignalLogs, FormatALS
	case ext == ".jsonl" && (strings.Contains(what, "http-log") || strings.HasSuffix(what, "tcp-log") || strings.HasSuffix(what, "udp-log")),
		ext == ".txt" && what == "loggly":
		c.Signal, c.Format = SignalLogs, FormatKongLog
	case isJSON && lastWord(what) == "traces":
		c.Signal, c.Format = SignalTraces, FormatOTLPJSON
	case isJSON && lastWord(what) == "logs":
		c.Signal, c.Format = SignalLogs, FormatOTLPJSON
	case ext == ".json" && strings.HasSuffix(what, "http-log"):
		c.Signal, c.Format = SignalLogs, FormatBody
	case lastWord(what) == "access" || strings.HasPrefix(what, "access-") || lastWord(what) == "stdout":
		c.Signal, c.Format = SignalLogs, FormatLines
	default:
		return Capture{}, fmt.Errorf("capture %q: cannot tell the format from the name, want one that ends in "+
			"traces, logs, als, http-log, tcp-log, udp-log, access or stdout, or starts with zipkin, raw-traces or raw-logs", name)
	}
	return c, nil
}

func lastWord(s string) string { return s[strings.LastIndexByte(s, '-')+1:] }
