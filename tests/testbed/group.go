package testbed

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// killGroup sends a signal to every process of the group. No such group is no error.
func killGroup(group int, signal syscall.Signal) error {
	if err := syscall.Kill(-group, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %s to process group %d: %w", signal, group, err)
	}
	return nil
}

// startOnLastingThread starts a command from a thread that lives as long as this process does. The kernel's promise to kill
// a child goes by the thread that started it, and a test may end its own thread (a locked goroutine that returns).
func startOnLastingThread(cmd *exec.Cmd) error {
	starter.once.Do(func() {
		starter.requests = make(chan startRequest)
		go func() {
			runtime.LockOSThread()
			for r := range starter.requests {
				r.result <- r.cmd.Start()
			}
		}()
	})
	r := startRequest{cmd, make(chan error)}
	starter.requests <- r
	return <-r.result
}

type startRequest struct {
	cmd    *exec.Cmd
	result chan error
}

var starter struct {
	once     sync.Once
	requests chan startRequest
}

// watchScript reads "add <group>" and "del <group>" lines and kills the groups that are left when its input ends.
const watchScript = `
groups=' '
while read -r verb group; do
	case $verb in
	add) groups="$groups$group " ;;
	del) groups="${groups%% $group *} ${groups#* $group }" ;;
	esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
`

// watchdog ends what this process started when this process is gone without having done so, by a panic or a kill: the
// kernel's promise holds for children only, and some gateways start a proxy of their own. It is a shell with nothing but
// a pipe to this process.
var watchdog struct {
	mu    sync.Mutex
	input io.WriteCloser
}

// watch has the watchdog kill the group once this process is gone; unwatch takes that back.
func watch(group int) error   { return tellWatchdog("add", group) }
func unwatch(group int) error { return tellWatchdog("del", group) }

func tellWatchdog(verb string, group int) error {
	watchdog.mu.Lock()
	defer watchdog.mu.Unlock()
	if watchdog.input == nil {
		cmd := exec.Command("/bin/sh", "-c", watchScript)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal must not reach it
		input, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			return fmt.Errorf("start watchdog: %w", err)
		}
		watchdog.input = input
		go func() { _ = cmd.Wait() }() // ends with this process
	}
	if _, err := fmt.Fprintln(watchdog.input, verb, group); err != nil {
		return fmt.Errorf("tell watchdog: %w", err)
	}
	return nil
}
