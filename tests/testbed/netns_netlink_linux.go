package testbed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"syscall"
)

// netlink sends one request over a route socket and waits for the kernel's answer to it.
func netlink(socket int, kind, flags uint16, payload []byte) error {
	var b bytes.Buffer
	b.Write(nativeUint32(uint32(syscall.SizeofNlMsghdr + len(payload))))
	b.Write(nativeUint16(kind))
	b.Write(nativeUint16(syscall.NLM_F_REQUEST | syscall.NLM_F_ACK | flags))
	b.Write(make([]byte, 8)) // sequence number and port: there is one request at a time, from the kernel's own choice of port
	b.Write(payload)
	if err := syscall.Sendto(socket, b.Bytes(), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	answer := make([]byte, 4096)
	n, _, err := syscall.Recvfrom(socket, answer, 0)
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(answer[:n])
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	for _, m := range messages {
		if m.Header.Type != syscall.NLMSG_ERROR || len(m.Data) < 4 {
			continue
		}
		// An error of 0 is the acknowledgment.
		if code := int32(binary.NativeEndian.Uint32(m.Data)); code != 0 {
			return syscall.Errno(-code)
		}
		return nil
	}
	return fmt.Errorf("no answer among %d messages", len(messages))
}

func nativeUint16(v uint16) []byte { return binary.NativeEndian.AppendUint16(nil, v) }

func nativeUint32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
