package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// playEnv makes this test binary play the part its value names.
const playEnv = "GATEHOUSE_TEST_PLAY"

func TestMain(m *testing.M) {
	switch os.Getenv(playEnv) {
	case "":
		os.Exit(m.Run())
	case "orphan":
		playOrphan()
	}
}

func shell(script string) Command {
	return Command{Name: "sh", Path: "/bin/sh", Args: []string{"-c", script}}
}

// recorder is a testing.TB whose failures are collected and whose cleanups run when end is called.
type recorder struct {
	testing.TB
	failed   bool
	messages []string
	cleanups []func()
}

func (r *recorder) Helper()           {}
func (r *recorder) Cleanup(f func())  { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Failed() bool      { return r.failed }
func (r *recorder) Name() string      { return "TestRecorded" }
func (r *recorder) Fatal(args ...any) { r.fail(fmt.Sprint(args...)) }
func (r *recorder) Logf(format string, args ...any) {
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) { r.fail(fmt.Sprintf(format, args...)) }

func (r *recorder) Skipf(format string, args ...any) { r.fail("skip: " + fmt.Sprintf(format, args...)) }

type recorded struct{}

func (r *recorder) fail(message string) {
	r.failed = true
	r.messages = append(r.messages, message)
	panic(recorded{})
}

// run calls f until it ends or fails, and then the cleanups.
func (r *recorder) run(f func()) {
	func() {
		defer func() {
			if err := recover(); err != nil && err != any(recorded{}) {
				panic(err)
			}
		}()
		f()
	}()
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
}

// gone fails the test unless the process ends soon; a process that ended counts until its parent has asked how.
func gone(t *testing.T, pid int) {
	t.Helper()
	Eventually(t, 10*time.Second, "the end of a process that was told to end", func(context.Context) error {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return nil
		}
		if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(state), ") Z ") {
			return nil
		}
		return fmt.Errorf("process %d is still there", pid)
	})
}

func readPID(t *testing.T, path string) int {
	t.Helper()
	var pid int
	Eventually(t, 10*time.Second, "a program that starts another to say so", func(context.Context) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err
	})
	return pid
}

func TestStopEndsChildrenToo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	c := shell("trap 'exit 0' TERM; sleep 600 & echo $! > " + file + "; wait")
	p := Start(t, c)
	child := readPID(t, file)
	p.Stop()
	p.Stop()
	gone(t, p.PID())
	gone(t, child)
}

func TestStopKillsAfterGrace(t *testing.T) {
	c := shell("trap '' TERM; echo started; while :; do sleep 600; done")
	c.StopGrace = 50 * time.Millisecond
	p := Start(t, c)
	Eventually(t, 10*time.Second, "the shell to set its trap", func(context.Context) error {
		if p.Log() != "started\n" {
			return fmt.Errorf("log is %q", p.Log())
		}
		return nil
	})
	p.Stop()
	gone(t, p.PID())
}

func TestStartReportsEarlyEnd(t *testing.T) {
	t.Setenv(rootEnv, t.TempDir())
	r := &recorder{TB: t}
	began := time.Now()
	r.run(func() {
		c := shell("echo no such file >&2; exit 3")
		c.Ready = func(context.Context) error { return errors.New("never") }
		Start(r, c)
	})
	require.Len(t, r.messages, 2)
	assert.Contains(t, r.messages[0], "start sh: it ended before it was ready")
	assert.Contains(t, r.messages[0], "no such file")
	assert.Less(t, time.Since(began), readyTimeout)
	_, path, found := strings.Cut(r.messages[1], "sh: its log is in ")
	require.True(t, found, r.messages[1])
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "no such file\n", string(text))
}

func TestStartReportsMissedDeadline(t *testing.T) {
	t.Setenv(rootEnv, t.TempDir())
	r := &recorder{TB: t}
	c := shell("sleep 600")
	c.ReadyTimeout = 50 * time.Millisecond
	c.Ready = func(context.Context) error { return errors.New("door is closed") }
	r.run(func() { Start(r, c) })
	require.NotEmpty(t, r.messages)
	assert.Contains(t, r.messages[0], "deadline exceeded; last: door is closed")
}

// playOrphan starts a program that starts another, prints both ids and dies without stopping anything, as a test binary
// does that panics in another goroutine or runs into its time limit.
func playOrphan() {
	p := &Process{cmd: exec.Command("/bin/sh", "-c", "sleep 600 & echo $!; wait")}
	p.cmd.SysProcAttr = ownGroup(nil)
	p.cmd.Stdout = os.Stdout
	err := startOnLastingThread(p.cmd)
	if err == nil {
		err = watch(p.PID())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(p.PID())
	// The parent has read both lines when it kills this process.
	select {}
}

func TestNothingOutlivesThisProcess(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), playEnv+"=orphan")
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var pids [2]int
	for i := range pids {
		_, err = fmt.Fscanln(output, &pids[i])
		require.NoError(t, err)
	}
	require.NoError(t, cmd.Process.Kill())
	for _, pid := range pids {
		gone(t, pid)
	}
	require.Error(t, cmd.Wait())
}

func TestLogIsBounded(t *testing.T) {
	var log tail
	line := strings.Repeat("x", 999) + "\n"
	for range 3 * tailBytes / len(line) {
		_, err := log.Write([]byte(line))
		require.NoError(t, err)
	}
	kept := log.String()
	assert.LessOrEqual(t, len(kept), tailBytes+tailSlack)
	assert.GreaterOrEqual(t, len(kept), tailBytes-len(line))
	assert.True(t, strings.HasPrefix(kept, line), "cut at the border of a line")
}

func TestFreePortsDiffer(t *testing.T) {
	seen := map[int]bool{}
	for range 200 {
		port := FreePort(t)
		assert.False(t, seen[port], port)
		assert.True(t, isFree(port), port)
		seen[port] = true
	}
}
