// Package collector starts a built Collector as a child process, waits until it is ready and stops it.
package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// readyPoll is how often the health check is asked; it has no way to announce itself.
	readyPoll = 25 * time.Millisecond
	// pipeDelay is how long to wait for the rest of the log once the process has ended.
	pipeDelay = 2 * time.Second
	// stopGrace is how long a Collector that did not become ready may take to end.
	stopGrace = 5 * time.Second
	// startAttempts is how often Run looks for free ports.
	startAttempts = 3
)

// Process is a running Collector. Its methods may be called by several goroutines.
type Process struct {
	cfg    Config
	cmd    *exec.Cmd
	dir    string // holds the configuration file, removed when the process has ended
	log    tail
	exited chan struct{} // closed when the process has ended
	err    error         // how it ended, valid after exited is closed
}

// Run starts binary on free loopback ports, exporting to the given address, and waits until it is ready. A port that
// somebody else took in the meantime is a reason to try again with others. An error carries the end of the log.
func Run(ctx context.Context, binary, export string, processors ...string) (*Process, error) {
	for attempt := 1; ; attempt++ {
		cfg, err := LoopbackConfig(export, processors...)
		if err != nil {
			return nil, err
		}
		p, err := Start(binary, cfg)
		if err != nil {
			return nil, err
		}
		if err = p.WaitReady(ctx); err == nil {
			return p, nil
		}
		stopErr := p.Stop(stopGrace)
		if log := p.Log(); attempt == startAttempts || !strings.Contains(log, "address already in use") {
			return nil, fmt.Errorf("%w\n%s", errors.Join(err, stopErr), log)
		}
	}
}

// Start writes the configuration to a temporary file, starts binary with it and returns without waiting for readiness.
// The caller must Stop the process.
func Start(binary string, cfg Config) (*Process, error) {
	text, err := cfg.YAML()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gatehouse-replay-")
	if err != nil {
		return nil, fmt.Errorf("start collector: %w", err)
	}
	p := &Process{cfg: cfg, dir: dir, exited: make(chan struct{})}
	file := filepath.Join(dir, "config.yaml")
	p.cmd = exec.Command(binary, "--config", file)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.WaitDelay = pipeDelay
	if err = os.WriteFile(file, []byte(text), 0o600); err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start collector: %w", errors.Join(err, os.RemoveAll(dir)))
	}
	go func() {
		err := p.cmd.Wait()
		p.err = errors.Join(err, os.RemoveAll(dir))
		close(p.exited)
	}()
	return p, nil
}

// Config returns the addresses the Collector was started with.
func (p *Process) Config() Config { return p.cfg }

// Log returns the last hundred lines that the Collector wrote.
func (p *Process) Log() string { return p.log.String() }

// WaitReady returns once the health check answers 200, which it does when every pipeline has started. It fails when
// the process ends or ctx does.
func (p *Process) WaitReady(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.cfg.Health+"/", http.NoBody)
		if err != nil {
			return fmt.Errorf("wait for the collector: %w", err)
		}
		if resp, err := client.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body) // the code is the answer
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.exited:
			return fmt.Errorf("collector ended before it was ready: %w", p.exitError())
		case <-ctx.Done():
			return fmt.Errorf("collector is not ready: %w", context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// Exited is closed when the process has ended, for whatever reason.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Terminate asks the Collector to stop, as a container runtime does: SIGTERM. It does not wait.
func (p *Process) Terminate() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop collector: %w", err)
	}
	return nil
}

// Stop terminates the Collector, kills it if it is still there after grace, and returns nil only if it ended by itself
// with exit code 0. Stopping twice returns the same.
func (p *Process) Stop(grace time.Duration) error {
	if err := p.Terminate(); err != nil {
		return err
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.exited:
		if p.err != nil {
			return fmt.Errorf("collector: %w", p.err)
		}
		return nil
	case <-timer.C:
	}
	killErr := p.cmd.Process.Kill()
	<-p.exited
	return fmt.Errorf("collector did not stop within %s and was killed: %w", grace, errors.Join(killErr, p.err))
}

// exitError is how the process ended, never nil: an exit with code 0 is an error to whoever needs the process.
func (p *Process) exitError() error {
	if p.err != nil {
		return p.err
	}
	return errors.New("exit code 0")
}
