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

type dropCounter struct{}

func (*dropCounter) more([]byte) int { return 0 }

// isCut tells a datagram that was longer than the buffer. Windows makes an error of it, WSAEMSGSIZE.
func isCut(flags int, err error) bool {
	if runtime.GOOS == "windows" {
		errno, ok := errors.AsType[syscall.Errno](err)
		return ok && (errno == 10040 || strings.Contains(errno.Error(), "larger than"))
	}
	return err == nil && flags&0x10 != 0 // MSG_TRUNC of the BSDs
}
