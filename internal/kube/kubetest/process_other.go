//go:build e2e && unix && !linux

package kubetest

import "syscall"

// processAttributes put a program into a group of its own.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
