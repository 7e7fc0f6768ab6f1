package replay

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// linesPerBatch is how many entries the file_log receiver hands over at once
// (opentelemetry-collector-contrib v0.158.0, pkg/stanza/operator/helper/emitter.go).
const linesPerBatch = 100

// LinesObserved is the observed time of every wrapped line. A real receiver takes the clock; a fixed time lets two
// runs be compared.
var LinesObserved = time.Date(2026, time.November, 21, 16, 0, 0, 0, time.UTC)

// WrapLines returns lines as log records in the shape of the file_log receiver with no operators
// (opentelemetry-collector-contrib v0.158.0, pkg/stanza/adapter/converter.go): empty resource and scope, the line as a
// string body, the file's name as attribute log.file.name, only the observed time, severity unspecified. Bytes that are
// not UTF-8 become U+FFFD one by one, as the receiver's default encoding does.
func WrapLines(file string, lines [][]byte) []plog.Logs {
	var (
		batches []plog.Logs
		records plog.LogRecordSlice
	)
	for i, line := range lines {
		if i%linesPerBatch == 0 {
			ld := plog.NewLogs()
			records = ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
			batches = append(batches, ld)
		}
		lr := records.AppendEmpty()
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(LinesObserved))
		lr.Attributes().PutStr("log.file.name", file)
		lr.Body().SetStr(string([]rune(string(line))))
	}
	return batches
}
