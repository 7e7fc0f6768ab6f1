// Command install gets the programs of the test bed into _build/testbed, or into the folder that GATEHOUSE_TESTBED names.
//
//	install [-all] [name or name-version ...]
//
// Without names it installs the default set, with -all every program.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gatehouse-otel/gatehouse/tests/testbed"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}

func run() error {
	all := flag.Bool("all", false, "install every program and not only the default set")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	programs, err := choose(*all, flag.Args())
	if err != nil {
		return err
	}
	root, err := testbed.Root()
	if err != nil {
		return err
	}
	return testbed.Install(ctx, root, programs, os.Stdout)
}

// choose returns the programs that the arguments name, "caddy" for every version of it and "caddy-2.10.2" for one, in
// the order of the arguments. Without arguments it is the default set or everything.
func choose(all bool, args []string) ([]testbed.Program, error) {
	var chosen []testbed.Program
	if len(args) == 0 {
		for _, p := range testbed.Programs {
			if all || p.Set == testbed.DefaultSet {
				chosen = append(chosen, p)
			}
		}
		return chosen, nil
	}
	for _, arg := range args {
		before := len(chosen)
		for _, p := range testbed.Programs {
			if arg == p.Name || arg == p.Name+"-"+p.Version {
				chosen = append(chosen, p)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("no program is called %q, want a name or name-version of %s",
				arg, strings.Join(testbed.Names(), ", "))
		}
	}
	return chosen, nil
}
