package doccheck

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// PackageComment returns what is wrong with the package comment of the Go package in dir, "" when all is well. All
// files count whatever their build constraints; a folder without Go files is well, and so is one whose files are all
// generated, because nobody writes their comments.
//
// It fails when a file cannot be read or its package clause does not parse.
func PackageComment(dir string) (problem string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	handwritten, onlyTests := false, true
	var name, comment string
	for _, entry := range entries {
		if entry.IsDir() || filepath.Ext(entry.Name()) != ".go" {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return "", fmt.Errorf("parse package clause: %w", err)
		}
		if ast.IsGenerated(file) {
			continue
		}
		isTest := strings.HasSuffix(entry.Name(), "_test.go")
		if isTest && !onlyTests {
			continue
		}
		if !isTest && onlyTests {
			// A comment in a test file is nothing that a reader of the package sees, once there is another file.
			onlyTests, comment = false, ""
		}
		handwritten, name = true, file.Name.Name
		if file.Doc != nil && comment == "" {
			comment = strings.TrimSpace(file.Doc.Text())
		}
	}
	switch {
	case !handwritten:
		return "", nil
	case comment == "":
		return fmt.Sprintf("package %s has no package comment: say what it is, what it is not and where to begin reading", name), nil
	case name != "main" && !onlyTests && !strings.HasPrefix(comment, "Package "+name+" "):
		return fmt.Sprintf("package %s: the package comment must begin with %q", name, "Package "+name), nil
	default:
		return "", nil
	}
}
