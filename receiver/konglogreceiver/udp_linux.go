package konglogreceiver

import (
	"encoding/binary"
	"net"
	"syscall"
)

// dropsOOB is room for the control message with the kernel's count.
var dropsOOB = syscall.CmsgSpace(4)

// countDrops asks the kernel to say with every datagram how many it has dropped on this socket so far because the
// receive buffer was full (socket(7), SO_RXQ_OVFL).
func countDrops(conn *net.UDPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RXQ_OVFL, 1)
	})
	return err == nil && set == nil
}

// dropCounter remembers the kernel's count, which wraps around.
type dropCounter struct{ seen uint32 }

// more returns how many datagrams were dropped since the last call.
func (c *dropCounter) more(oob []byte) int {
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		if m.Header.Level == syscall.SOL_SOCKET && m.Header.Type == syscall.SO_RXQ_OVFL && len(m.Data) >= 4 {
			now := binary.NativeEndian.Uint32(m.Data)
			more := now - c.seen
			c.seen = now
			return int(more)
		}
	}
	return 0
}

// isCut tells a datagram that was longer than the buffer.
func isCut(flags int, err error) bool { return err == nil && flags&syscall.MSG_TRUNC != 0 }
