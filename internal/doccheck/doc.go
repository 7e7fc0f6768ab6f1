// Package doccheck keeps what the project says about itself true: its tests walk the repository and fail when a Go
// package has no package comment, a document links to a file or heading that is not there, a document or the CI
// script names a make target that does not exist, or the Makefile has a target that `make help` does not show.
//
// The functions read text and know nothing of the repository; repository_test.go applies them to it. The tests of
// components use Parse too, to load the configurations that documents show.
package doccheck
