package testbed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

const (
	// rootEnv names the folder programs are installed in, when it is not _build/testbed of this repository.
	rootEnv = "GATEHOUSE_TESTBED"
	// stampFile says that an installation is complete, and of what.
	stampFile = ".installed.json"
	// installGrace is how long a build that was cancelled may take to end.
	installGrace = 10 * time.Second
)

// Outcomes of one program's installation, for the summary.
const (
	outcomeBuilt  = "built"
	outcomeThere  = "already there"
	outcomeFailed = "FAILED"
)

// stamp is the content of stampFile.
type stamp struct {
	Fingerprint string  `json:"fingerprint"` // of the row in Programs and of the platform
	Seconds     float64 `json:"seconds"`     // what the installation took, downloads and waiting for others included
	CPUSeconds  float64 `json:"cpu_seconds"` // what it cost of all processors together
	Bytes       int64   `json:"bytes"`       // what it takes on disk
}

// installed is one line of the summary.
type installed struct {
	Program
	stamp
	outcome string
}

// Root is the folder that holds the installed programs, one folder each.
func Root() (string, error) {
	if root := os.Getenv(rootEnv); root != "" {
		return filepath.Abs(root)
	}
	repository, err := Repository()
	if err != nil {
		return "", err
	}
	return filepath.Join(repository, "_build", "testbed"), nil
}

// Repository is the folder of the working directory's main module.
func Repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "builder-config.yaml")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("find the repository: no builder-config.yaml in %s or above it", dir)
		}
	}
}

// Install gets programs one after the other into root and writes to log what it does, how long each took, and a summary.
// A program that is already there as its row says costs nothing. One that fails does not keep the others from being
// tried; the error names all that failed.
func Install(ctx context.Context, root string, programs []Program, log io.Writer) error {
	var (
		done []installed
		errs []error
	)
	for _, p := range programs {
		got, err := installOne(ctx, root, p, log)
		if err != nil {
			say(log, "<== %s: %v\n", p, err)
			errs = append(errs, fmt.Errorf("%s: %w", p, err))
			got.outcome = outcomeFailed
		}
		got.Program = p
		done = append(done, got)
	}
	if err := summarize(log, done); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// installOne holds the lock of the program's folder meanwhile, so that two runs at once do not mix their files.
func installOne(ctx context.Context, root string, p Program, log io.Writer) (installed, error) {
	dir := p.dir(root)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return installed{}, fmt.Errorf("install: %w", err)
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return installed{}, err
	}
	defer unlock()

	if s, ok := p.installed(root); ok {
		return installed{stamp: s, outcome: outcomeThere}, nil
	}
	if err = os.RemoveAll(dir); err != nil {
		return installed{}, fmt.Errorf("remove an older installation: %w", err)
	}
	if err = os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		return installed{}, fmt.Errorf("install: %w", err)
	}
	say(log, "==> %s: about %g minutes of one processor\n", p, p.CPUMinutes)
	began := time.Now()
	run := &runner{dir: dir, log: log}
	switch {
	case p.Go != nil && p.PyPI == nil:
		err = run.goBuild(ctx, *p.Go)
	case p.PyPI != nil && p.Go == nil:
		err = run.wheel(ctx, *p.PyPI)
	default:
		err = errors.New("want exactly one of Go and PyPI in its row")
	}
	s := stamp{Fingerprint: p.fingerprint(), Seconds: time.Since(began).Seconds(), CPUSeconds: run.cpu.Seconds()}
	if err != nil {
		return installed{stamp: s}, err
	}
	if s.Bytes, err = sizeOf(dir); err != nil {
		return installed{stamp: s}, err
	}
	text, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, stampFile), append(text, '\n'), 0o644)
	}
	if err != nil {
		return installed{stamp: s}, fmt.Errorf("write stamp: %w", err)
	}
	say(log, "<== %s: installed in %.0f s, %.0f s of processor time\n", p, s.Seconds, s.CPUSeconds)
	return installed{stamp: s, outcome: outcomeBuilt}, nil
}

// dir is where the program lives.
func (p Program) dir(root string) string { return filepath.Join(root, p.Name+"-"+p.Version) }

// installed returns the stamp if the installation is complete and of this row.
func (p Program) installed(root string) (stamp, bool) {
	text, err := os.ReadFile(filepath.Join(p.dir(root), stampFile))
	if err != nil {
		return stamp{}, false
	}
	var s stamp
	if json.Unmarshal(text, &s) != nil || s.Fingerprint != p.fingerprint() {
		return stamp{}, false
	}
	return s, true
}

// fingerprint changes when the same row would give other files. The set and the cost do not count.
func (p Program) fingerprint() string {
	text, err := json.Marshal(struct {
		Go       *GoBuild
		PyPI     *Wheel
		Platform string
	}{p.Go, p.PyPI, runtime.GOOS + "/" + runtime.GOARCH})
	if err != nil {
		panic(err) // strings and maps of strings
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// lock waits for an exclusive lock on the file, creating it. The kernel gives it back when the process dies.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, errors.Join(err, file.Close()))
	}
	return func() { _ = file.Close() }, nil // nothing was written
}

// sizeOf adds up the regular files below dir.
func sizeOf(dir string) (int64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("measure %s: %w", dir, err)
	}
	return total, nil
}

func summarize(w io.Writer, done []installed) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	say(table, "\nprogram\tversion\tseconds\tCPU seconds\tMB\t\n")
	for _, d := range done {
		say(table, "%s\t%s\t%.0f\t%.0f\t%d\t%s\n", d.Name, d.Version, d.Seconds, d.CPUSeconds, d.Bytes>>20, d.outcome)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// say writes a line for whoever watches. Nobody watching is no reason to stop.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// runner runs the commands of one installation in its folder.
type runner struct {
	dir string
	log io.Writer
	cpu time.Duration // of all commands so far and of what they waited for
}

// run executes a command and returns what it wrote with the error, at most its end. It dies with ctx, and with it all it
// started.
func (r *runner) run(ctx context.Context, env []string, name string, args ...string) error {
	say(r.log, "    %s %s\n", filepath.Base(name), strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = ownGroup(nil)
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = installGrace
	var output tail
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	if state := cmd.ProcessState; state != nil {
		r.cpu += state.UserTime() + state.SystemTime()
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, output.last(20))
	}
	return nil
}
