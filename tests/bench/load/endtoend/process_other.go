//go:build unix && !linux

package main

import "syscall"

// maxrssUnit: getrusage(2) counts in bytes on macOS.
const maxrssUnit = 1

// processAttributes puts a Collector in a process group of its own, so that Ctrl-C does not reach it before its time.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
