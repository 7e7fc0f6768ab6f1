package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	readyTimeout = 60 * time.Second // a cold start on a busy machine
	readyPoll    = 25 * time.Millisecond
	stopGrace    = 10 * time.Second // from SIGTERM to SIGKILL
	pipeDelay    = 2 * time.Second  // for the rest of the output once the process has ended
	shownLines   = 8                // of the log, in the message about a program that did not start
)

// Command describes a program to run.
type Command struct {
	Name string   // as messages call it, with its version: "envoy 1.40.0"
	Path string   // of the executable
	Args []string // without the program's name
	Env  []string // NAME=value, added to this process's environment
	Dir  string   // working directory, a fresh temporary one when empty
	// Ready returns nil once the program does its work. It is asked again and again, with a context that ends with the
	// deadline; its last error is part of the message when that is missed. Nil: a started program is ready.
	Ready func(ctx context.Context) error
	// ReadyTimeout is how long that may take, 60 s when zero.
	ReadyTimeout time.Duration
	// StopGrace is how long the program may take to end after SIGTERM before it is killed, 10 s when zero.
	StopGrace time.Duration
	// Attr is for namespaces, roots and the like. Process group and parent death signal are set here.
	Attr *syscall.SysProcAttr
}

// Process is a running program. Its methods may be called by several goroutines.
type Process struct {
	command Command
	cmd     *exec.Cmd
	log     tail
	exited  chan struct{} // closed when the process has ended
	err     error         // how it ended, valid after exited is closed
}

// Start runs the program and returns when it is ready. It fails the test when the program cannot be started, ends before
// it is ready, or is not ready in time. At the end of the test the program and all it started are stopped; if the test
// failed, a message names the file with the end of the program's log.
func Start(tb testing.TB, c Command) *Process {
	tb.Helper()
	if c.Dir == "" {
		c.Dir = tb.TempDir()
	}
	p := &Process{command: c, exited: make(chan struct{})}
	p.cmd = exec.Command(c.Path, c.Args...)
	p.cmd.Dir = c.Dir
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.SysProcAttr = ownGroup(c.Attr)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.WaitDelay = pipeDelay
	if err := startOnLastingThread(p.cmd); err != nil {
		tb.Fatalf("start %s: %v", c.Name, err)
	}
	group := p.cmd.Process.Pid
	watchErr := watch(group)
	go func() {
		p.err = p.cmd.Wait()
		// What the program started and left behind goes with it.
		p.err = errors.Join(p.err, killGroup(group, syscall.SIGKILL), unwatch(group))
		close(p.exited)
	}()
	tb.Cleanup(func() {
		p.Stop()
		if tb.Failed() {
			tb.Logf("%s: its log is in %s", c.Name, p.saveLog(tb.Name()))
		}
	})
	if watchErr != nil {
		tb.Fatalf("start %s: %v", c.Name, watchErr)
	}
	if err := p.waitReady(tb.Context()); err != nil {
		tb.Fatalf("start %s: %v\n%s", c.Name, err, p.log.last(shownLines))
	}
	return p
}

// PID is the process's id, and its process group's.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log is the end of what the program wrote to its standard output and error, at most about a megabyte.
func (p *Process) Log() string { return p.log.String() }

// Exited is closed when the process has ended, for whatever reason.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Signal sends a signal to the process alone. It fails when the process has ended.
func (p *Process) Signal(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("signal %s to %s: %w", signal, p.command.Name, err)
	}
	return nil
}

// Stop ends the program with SIGTERM, after its grace with SIGKILL, and returns when it and its children are gone. What
// it returned is of no interest. Stopping twice does nothing.
func (p *Process) Stop() {
	select {
	case <-p.exited:
		return
	default:
	}
	// To the process alone first: a gateway that runs a proxy stops it in its own way.
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may end at this moment
	grace := p.command.StopGrace
	if grace == 0 {
		grace = stopGrace
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.exited:
		return
	case <-timer.C:
	}
	_ = killGroup(p.cmd.Process.Pid, syscall.SIGKILL) // only fails when it is gone
	<-p.exited
}

// waitReady asks Ready until it agrees, the process ends, or the time is over.
func (p *Process) waitReady(ctx context.Context) error {
	if p.command.Ready == nil {
		return nil
	}
	timeout := p.command.ReadyTimeout
	if timeout == 0 {
		timeout = readyTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return poll(ctx, readyPoll, p.exited, p.command.Ready)
}

// saveLog writes the kept end of the log to a file below the test bed's folder and returns its path, or why it could not.
func (p *Process) saveLog(test string) string {
	root, err := Root()
	if err != nil {
		return "nowhere: " + err.Error()
	}
	name := strings.NewReplacer("/", "_", " ", "_", ":", "_").Replace(test + "-" + p.command.Name)
	path := filepath.Join(root, "logs", name+".log")
	err = os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(p.Log()), 0o644)
	}
	if err != nil {
		return "nowhere: " + err.Error()
	}
	return path
}
