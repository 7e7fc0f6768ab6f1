package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// venvDir is the virtual environment below a program's folder.
const venvDir = "venv"

// wheel makes a virtual environment, installs the package at its version and links its files into bin/.
func (r *runner) wheel(ctx context.Context, w Wheel) error {
	python, err := exec.LookPath("python3")
	if err != nil {
		return errors.New("python3 is missing: install the Debian packages python3 and python3-venv")
	}
	if err = r.run(ctx, nil, python, "-c", "import venv, ensurepip"); err != nil {
		return errors.New("python3 has no venv module: install the Debian package python3-venv")
	}
	if err = r.run(ctx, nil, python, "-m", "venv", venvDir); err != nil {
		return fmt.Errorf("make a virtual environment: %w", err)
	}
	pip := filepath.Join(r.dir, venvDir, "bin", "python")
	err = r.run(ctx, nil, pip, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", w.Package+"=="+w.Version)
	if err != nil {
		return fmt.Errorf("install %s %s: %w", w.Package, w.Version, err)
	}
	for name, pattern := range w.Files {
		found, err := filepath.Glob(filepath.Join(r.dir, venvDir, filepath.FromSlash(pattern)))
		if err != nil {
			return fmt.Errorf("link %s: path %q: %w", name, pattern, err)
		}
		if len(found) != 1 {
			return fmt.Errorf("link %s: %d files of %s match %q, want one", name, len(found), w.Package, pattern)
		}
		target, err := filepath.Rel(filepath.Join(r.dir, "bin"), found[0])
		if err == nil {
			err = os.Symlink(target, filepath.Join(r.dir, "bin", name))
		}
		if err != nil {
			return fmt.Errorf("link %s: %w", name, err)
		}
	}
	return nil
}
