// Command scaffold writes the parts of a change that follow from a name:
//
//	go run ./cmd/scaffold function Archive
//
// See CONTRIBUTING.md for what remains to be written by hand.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"ephemr/cmd/scaffold/function"
)

const usage = `usage: go run ./cmd/scaffold function [-package internal/<name>] [-summary TEXT] NAME

Creates the Lambda function NAME, such as Archive: a handler and its test, its main, its wiring, and its definition for
the deployment. Nothing is written if a file exists already.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	var o function.Options
	flags := flag.NewFlagSet("function", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { _, _ = fmt.Fprint(stderr, usage); flags.PrintDefaults() }
	flags.StringVar(&o.Package, "package", "", "package of the handler; default internal/<name>")
	flags.StringVar(&o.Summary, "summary", "", "what the function does, as in \"deletes old archives\"")
	if len(args) == 0 || args[0] != "function" {
		flags.Usage()
		return 2
	}
	if err := flags.Parse(args[1:]); err != nil {
		return 2
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return 2
	}
	o.Name = flags.Arg(0)
	changes, err := function.Plan(os.DirFS("."), o)
	if err == nil {
		err = changes.Write(".")
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "scaffold:", err)
		return 1
	}
	for _, path := range changes.Paths() {
		_, _ = fmt.Fprintln(stdout, "wrote", path)
	}
	_, _ = fmt.Fprint(stdout, o.Next())
	return 0
}
