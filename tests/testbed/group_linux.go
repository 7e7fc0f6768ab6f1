package testbed

import "syscall"

// ownGroup returns attr, or a new one, with a process group of its own, so that the process and its children end
// together, and with a kernel's promise to kill the process when the one that started it dies.
func ownGroup(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	if attr == nil {
		attr = &syscall.SysProcAttr{}
	}
	attr.Setpgid = true
	attr.Pdeathsig = syscall.SIGKILL
	return attr
}
