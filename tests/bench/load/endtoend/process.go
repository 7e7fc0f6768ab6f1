//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a Collector that runs.
type process struct {
	cmd    *exec.Cmd
	log    *lastBytes
	exited chan struct{}
	err    error // how it ended, valid after exited is closed
}

const (
	readyWithin = 60 * time.Second
	readyPoll   = 50 * time.Millisecond
	// stopWithin is for what is left to be decided and sent.
	stopWithin = 60 * time.Second
	// logBytes is how much of the end of a Collector's log is kept.
	logBytes = 8 << 10
)

// startProcess starts a Collector that listens and exports at the given addresses, and waits until it takes connections.
func startProcess(ctx context.Context, binary string, configs []string, listen, export string) (*process, error) {
	p := &process{log: new(lastBytes), exited: make(chan struct{})}
	args := make([]string, 0, 2*len(configs))
	for _, config := range configs {
		args = append(args, "--config", "file:"+config)
	}
	p.cmd = exec.Command(binary, args...)
	p.cmd.Env = append(os.Environ(), "LISTEN="+listen, "EXPORT="+export)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = processAttributes()
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	if err := p.waitReady(ctx, listen); err != nil {
		_, stopErr := p.stop()
		return nil, fmt.Errorf("%s: %w; the end of its log:\n%s", binary, errors.Join(err, stopErr), p.log)
	}
	return p, nil
}

func (p *process) waitReady(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWithin, fmt.Errorf("takes no connections on %s within %s", address, readyWithin))
	defer cancel()
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	var dial net.Dialer
	for {
		if conn, err := dial.DialContext(ctx, "tcp", address); err == nil {
			return conn.Close()
		}
		select {
		case <-p.exited:
			return fmt.Errorf("ended before it was ready: %w", p.err)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// used is what a process took in its life.
type used struct {
	cpu    time.Duration // in the kernel and outside
	memory int64         // resident, at most, in bytes
}

// stop asks the Collector to end, which decides and sends what it holds, and kills it when it does not.
func (p *process) stop() (used, error) {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return used{}, err
	}
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		err := p.cmd.Process.Kill()
		<-p.exited
		return used{}, fmt.Errorf("did not end within %s: %w", stopWithin, errors.Join(err, p.err))
	}
	if p.err != nil {
		return used{}, fmt.Errorf("ended: %w; the end of its log:\n%s", p.err, p.log)
	}
	state := p.cmd.ProcessState
	u := used{cpu: state.UserTime() + state.SystemTime()}
	if r, ok := state.SysUsage().(*syscall.Rusage); ok {
		u.memory = r.Maxrss * maxrssUnit
	}
	return u, nil
}

// lastBytes keeps the end of what is written to it. It is for one goroutine at a time; exec's is done when the process is.
type lastBytes struct{ buf bytes.Buffer }

func (l *lastBytes) Write(p []byte) (int, error) {
	l.buf.Write(p)
	if over := l.buf.Len() - logBytes; over > 0 {
		l.buf.Next(over)
	}
	return len(p), nil
}

func (l *lastBytes) String() string { return l.buf.String() }

// freeAddress is a loopback address nobody listens on now.
func freeAddress(ctx context.Context) (string, error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
