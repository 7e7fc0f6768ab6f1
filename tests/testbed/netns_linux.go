package testbed

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	// namespaces of an isolated process. With the process namespace the kernel itself ends everything in it when its first
	// process is gone, and with the last process go the addresses and the mounts: nothing has to be undone by hand.
	namespaces = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID
	// isolationMargin is what is left of the caller's time when the isolated process has to end, so that its message is seen.
	isolationMargin = 20 * time.Second
)

// Isolated runs the calling test in a process of its own, with a network that has nothing but a loopback device, and with
// mounts and process ids of its own. In that process it returns true and the test goes on; every address of the networks
// is then this machine's, so a program listens on an address of its own as a pod does. In the process that was called
// first it waits, takes over rows and failure, and returns false: the test has nothing left to do.
//
// It needs the right to make namespaces: root with CAP_NET_ADMIN and CAP_SYS_ADMIN, or a kernel that gives them to every
// user inside a user namespace. Where that is refused the table says so for the case and the test is skipped.
func Isolated(t *testing.T, row Row, networks ...netip.Prefix) bool {
	t.Helper()
	if path := os.Getenv(isolatedEnv); path != "" {
		t.Cleanup(func() {
			if err := writeRows(path); err != nil {
				t.Error(err)
			}
		})
		if err := setUpNamespaces(networks); err != nil {
			t.Fatal(err)
		}
		return true
	}
	attr, err := namespaceAttr()
	if err != nil {
		row.Case += ", not run: needs CAP_NET_ADMIN"
		Record(row)
		t.Skipf("needs CAP_NET_ADMIN: %v", err)
	}
	executable, err := os.Executable()
	if err != nil {
		t.Fatalf("run isolated: %v", err)
	}
	rows := filepath.Join(t.TempDir(), "rows.json")
	args := []string{"-test.run=^" + t.Name() + "$", "-test.count=1", "-test.v=" + strconv.FormatBool(testing.Verbose())}
	if deadline, ok := t.Deadline(); ok {
		args = append(args, "-test.timeout="+(time.Until(deadline)-isolationMargin).String())
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("run isolated: %v", err)
	}
	p := Start(t, Command{
		Name: "isolated " + t.Name(),
		Path: executable,
		Args: args,
		Env:  []string{isolatedEnv + "=" + rows},
		Dir:  dir,
		Attr: attr,
	})
	select {
	case <-p.Exited():
	case <-t.Context().Done():
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("in its own network namespace, status %d:\n%s", code, p.Log())
	} else if testing.Verbose() {
		t.Logf("in its own network namespace:\n%s", p.Log())
	}
	if err := readRows(rows); err != nil {
		t.Error(err)
	}
	return false
}

// namespaceAttr returns how to start a process in namespaces of its own, or why this machine refuses.
func namespaceAttr() (*syscall.SysProcAttr, error) {
	plain := &syscall.SysProcAttr{Cloneflags: namespaces}
	// Root of a user namespace has all capabilities within it, and no more than before outside.
	inUser := &syscall.SysProcAttr{
		Cloneflags:  namespaces | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	var refused []error
	for _, attr := range []*syscall.SysProcAttr{plain, inUser} {
		probe := exec.Command("/bin/true")
		copied := *attr
		probe.SysProcAttr = &copied
		err := probe.Run()
		if err == nil {
			return attr, nil
		}
		refused = append(refused, err)
	}
	return nil, fmt.Errorf("make a network namespace: %w", errors.Join(refused...))
}

// setUpNamespaces separates the mounts from the machine's and gives the loopback device the networks.
func setUpNamespaces(networks []netip.Prefix) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("separate mounts: %w", err)
	}
	// A process id means another process in the machine's /proc. Where mounting is refused, as in some containers, only
	// messages that name one are less use.
	_ = syscall.Mount("proc", "/proc", "proc", 0, "")

	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return fmt.Errorf("find loopback device: %w", err)
	}
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open netlink: %w", err)
	}
	defer func() { _ = syscall.Close(socket) }() // nothing is buffered
	if err = netlink(socket, syscall.RTM_NEWLINK, 0, linkUp(lo.Index)); err != nil {
		return fmt.Errorf("bring loopback device up: %w", err)
	}
	for _, network := range networks {
		// The kernel makes the whole network of a loopback device's address local, not just the address.
		err = netlink(socket, syscall.RTM_NEWADDR, syscall.NLM_F_CREATE|syscall.NLM_F_EXCL, address(lo.Index, network))
		if err != nil {
			return fmt.Errorf("add %s to loopback device: %w", network, err)
		}
	}
	return nil
}

// linkUp is struct ifinfomsg of rtnetlink(7) with the one flag.
func linkUp(index int) []byte {
	var b bytes.Buffer
	b.Write([]byte{syscall.AF_UNSPEC, 0, 0, 0})
	b.Write(nativeUint32(uint32(index)))
	b.Write(nativeUint32(syscall.IFF_UP))
	b.Write(nativeUint32(syscall.IFF_UP)) // only this flag changes
	return b.Bytes()
}

// address is struct ifaddrmsg of rtnetlink(7) with its attributes. The network's own address is the interface's.
func address(index int, network netip.Prefix) []byte {
	ip := network.Addr().As4()
	var b bytes.Buffer
	b.Write([]byte{syscall.AF_INET, byte(network.Bits()), 0, syscall.RT_SCOPE_HOST})
	b.Write(nativeUint32(uint32(index)))
	for _, attribute := range []uint16{syscall.IFA_LOCAL, syscall.IFA_ADDRESS} {
		b.Write(nativeUint16(syscall.SizeofRtAttr + uint16(len(ip))))
		b.Write(nativeUint16(attribute))
		b.Write(ip[:])
	}
	return b.Bytes()
}
