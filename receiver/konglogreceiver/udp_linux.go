package konglogreceiver

import (
	"encoding/binary"
	"net"
	"os"
	"strconv"
	"strings"
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

// dropsIn returns the kernel's count that came with a datagram; false when none did.
func dropsIn(oob []byte) (uint32, bool) {
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return 0, false
	}
	for _, m := range messages {
		if m.Header.Level == syscall.SOL_SOCKET && m.Header.Type == syscall.SO_RXQ_OVFL && len(m.Data) >= 4 {
			return binary.NativeEndian.Uint32(m.Data), true
		}
	}
	return 0, false
}

// socketDrops looks the kernel's count up where no datagram comes to tell it: in the socket's line of /proc/net/udp or
// udp6, found by its inode, the last column (Linux, net/ipv4/udp.c, udp4_format_sock). false when it cannot be read.
func socketDrops(conn *net.UDPConn) (uint32, bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, false
	}
	var stat syscall.Stat_t
	var failed error
	if err = raw.Control(func(fd uintptr) { failed = syscall.Fstat(int(fd), &stat) }); err != nil || failed != nil {
		return 0, false
	}
	const inode, drops = 9, 12 // columns
	want := strconv.FormatUint(stat.Ino, 10)
	for _, name := range []string{"/proc/self/net/udp", "/proc/self/net/udp6"} {
		table, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(table)) {
			if f := strings.Fields(line); len(f) > drops && f[inode] == want {
				n, err := strconv.ParseUint(f[drops], 10, 32)
				return uint32(n), err == nil
			}
		}
	}
	return 0, false
}

// isCut tells a datagram that was longer than the buffer.
func isCut(flags int, err error) bool { return err == nil && flags&syscall.MSG_TRUNC != 0 }
