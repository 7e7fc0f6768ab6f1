//go:build !linux

package konglogreceiver

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"syscall"
)

// dropsOOB: other systems have no count.
const dropsOOB = 0

func countDrops(*net.UDPConn) bool { return false }

func dropsIn([]byte) (uint32, bool) { return 0, false }

func socketDrops(*net.UDPConn) (uint32, bool) { return 0, false }

// isCut tells a datagram that was longer than the buffer. Windows makes an error of it, WSAEMSGSIZE.
func isCut(flags int, err error) bool {
	if runtime.GOOS == "windows" {
		errno, ok := errors.AsType[syscall.Errno](err)
		return ok && (errno == 10040 || strings.Contains(errno.Error(), "larger than"))
	}
	return err == nil && flags&0x10 != 0 // MSG_TRUNC of the BSDs
}
