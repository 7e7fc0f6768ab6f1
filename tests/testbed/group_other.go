//go:build unix && !linux

package testbed

import "syscall"

// ownGroup returns attr, or a new one, with a process group of its own, so that the process and its children end
// together.
func ownGroup(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	if attr == nil {
		attr = &syscall.SysProcAttr{}
	}
	attr.Setpgid = true
	return attr
}
