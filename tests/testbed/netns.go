package testbed

import (
	"encoding/json"
	"fmt"
	"os"
)

// isolatedEnv holds, in the process that Isolated starts, the file that this process leaves its rows of the table in.
const isolatedEnv = "GATEHOUSE_E2E_ISOLATED"

// isolatedReport is what one process hands to the one that started it.
type isolatedReport struct {
	Rows    []Row
	Missing []string // names of programs, with their versions
}

// writeRows leaves the rows recorded in this process in the file.
func writeRows(path string) error {
	report.mu.Lock()
	defer report.mu.Unlock()
	r := isolatedReport{Rows: report.rows}
	for _, p := range report.missing {
		r.Missing = append(r.Missing, p.String())
	}
	text, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("hand over the rows of the table: %w", err)
	}
	return nil
}

// readRows records what writeRows left.
func readRows(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("take over the rows of the table: %w", err)
	}
	var r isolatedReport
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("take over the rows of the table: %w", err)
	}
	for _, row := range r.Rows {
		Record(row)
	}
	for _, p := range Programs {
		for _, name := range r.Missing {
			if p.String() == name {
				reportMissing(p)
			}
		}
	}
	return nil
}
