//go:build e2e

package kubetest

import "syscall"

// processAttributes put a program into a group of its own, and end it with the test even if that crashes.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
