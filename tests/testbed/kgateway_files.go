package testbed

import (
	"context"
	"debug/elf"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// libraryPatterns is where dynamic linkers look without a cache, on Debian's and on other systems.
var libraryPatterns = []string{
	"/lib/*-linux-gnu", "/usr/lib/*-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
}

// sharedLibraries returns the paths of the program's dynamic linker and of all libraries it needs, directly or not.
func sharedLibraries(program string) ([]string, error) {
	var dirs []string
	for _, pattern := range libraryPatterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("find libraries: %w", err)
		}
		dirs = append(dirs, found...)
	}
	var libraries []string
	seen := make(map[string]bool)
	for todo := []string{program}; len(todo) > 0; todo = todo[1:] {
		linker, needed, err := dynamicNeeds(todo[0])
		if err != nil {
			return nil, fmt.Errorf("find libraries of %s: %w", todo[0], err)
		}
		if linker != "" && !seen[linker] {
			seen[linker] = true
			libraries = append(libraries, linker)
		}
		for _, name := range needed {
			if seen[name] {
				continue
			}
			seen[name] = true
			path, err := findIn(dirs, name)
			if err != nil {
				return nil, fmt.Errorf("find libraries of %s: %w", todo[0], err)
			}
			libraries = append(libraries, path)
			todo = append(todo, path)
		}
	}
	return libraries, nil
}

// dynamicNeeds returns the dynamic linker a file names, if it does, and the names of the libraries it needs.
func dynamicNeeds(path string) (linker string, needed []string, err error) {
	file, err := elf.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = file.Close() }()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			text, err := io.ReadAll(segment.Open())
			if err != nil {
				return "", nil, err
			}
			linker = string(text[:max(len(text)-1, 0)]) // without its final zero
		}
	}
	needed, err = file.ImportedLibraries()
	return linker, needed, err
}

func findIn(dirs []string, name string) (string, error) {
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is in none of %v", name, dirs)
}

// copyFile copies an executable file, making the folders it needs.
func copyFile(to, from string) (err error) {
	if err = os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	if closeErr := target.Close(); err == nil {
		err = closeErr
	}
	return err
}

// getText returns the body of a page.
func getText(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", url, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", url, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", url, err)
	}
	return string(text), nil
}
