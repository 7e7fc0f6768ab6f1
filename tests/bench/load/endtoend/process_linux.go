package main

import "syscall"

// maxrssUnit: getrusage(2) on Linux counts in kilobytes.
const maxrssUnit = 1024

// processAttributes puts a Collector in a process group of its own, so that Ctrl-C does not reach it before its time, and has it
// killed when this process dies.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
