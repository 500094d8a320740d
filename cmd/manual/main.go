// Command manual writes the man pages and shell completions of a release.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"ephemr/internal/cli/manual"
)

func main() { os.Exit(run()) }

func run() int {
	man := flag.String("man", "", "write man pages into this directory")
	completions := flag.String("completions", "", "write completions of bash, zsh, fish and PowerShell into this directory")
	version := flag.String("version", "", "version of ephemr")
	date := flag.String("date", "", "when it was made, in RFC 3339 (default now)")
	flag.Parse()
	if err := write(*man, *completions, *version, *date); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "manual:", err)
		return 1
	}
	return 0
}

func write(man, completions, version, date string) (err error) {
	at := time.Now()
	if date != "" {
		if at, err = time.Parse(time.RFC3339, date); err != nil {
			return fmt.Errorf("read -date: %w", err)
		}
	}
	if man != "" {
		err = manual.Pages(man, version, at)
	}
	if completions != "" {
		err = errors.Join(err, manual.Completions(completions))
	}
	return err
}
