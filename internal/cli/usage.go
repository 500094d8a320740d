package cli

import (
	"errors"
	"fmt"
	"strings"

	"ephemr/internal/cli/exit"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// strict reports wrong arguments of cmd and its subcommands as usage errors in a
// uniform wording. A command that only groups others prints its help, and
// suggests the closest subcommand.
func strict(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.HasSubCommands() && !sub.Runnable() {
			sub.Args, sub.DisableFlagsInUseLine = cobra.ArbitraryArgs, true
			sub.RunE = func(cmd *cobra.Command, args []string) error {
				if len(args) == 0 {
					return cmd.Help()
				}
				return unknown(cmd, args[0])
			}
		} else {
			sub.Args = arguments(sub.Args)
		}
		strict(sub)
	}
}

// unknown returns the error for an unknown subcommand, with suggestions.
func unknown(cmd *cobra.Command, name string) error {
	meant := ""
	if cmd.SuggestionsMinimumDistance == 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if all := cmd.SuggestionsFor(name); len(all) > 0 {
		meant = "; did you mean " + strings.Join(all, " or ") + "?"
	}
	return exit.Usage("unknown command %[2]q for %[1]s%[3]s; see %[4]s --help", cmd.CommandPath(), name, meant, cmd.CommandPath())
}

// arguments wraps check: cobra's message for a wrong number of arguments does
// not name them.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		return nil
	}
	return func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		if err == nil {
			return nil
		}
		for _, cobras := range []string{"accepts ", "requires ", "unknown command "} {
			if strings.HasPrefix(err.Error(), cobras) {
				err = fmt.Errorf("%s %s", cmd.CommandPath(), misfit(cmd, args))
				break
			}
		}
		return exit.Usage("%w; see %s --help", err, cmd.CommandPath())
	}
}

// misfit compares args with the usage line.
func misfit(cmd *cobra.Command, args []string) string {
	_, wanted, some := strings.Cut(cmd.Use, " ")
	switch {
	case !some:
		wanted = "no arguments"
	case len(args) == 0:
		return "requires " + wanted
	}
	return fmt.Sprintf("accepts %s, not %q", wanted, strings.Join(args, " "))
}

// kinds describe the values of flags by pflag's names of their types.
var kinds = map[string]string{
	"int": "a whole number", "int64": "a whole number", "float64": "a number", "bool": "true or false", "duration": "a duration such as 90s, 30m or 2h",
}

// wrongFlag rewrites the error of an invalid flag without Go's parser messages.
func wrongFlag(cmd *cobra.Command, err error) error {
	if v, ok := errors.AsType[*pflag.InvalidValueError](err); ok && kinds[v.GetFlag().Value.Type()] != "" {
		err = fmt.Errorf("invalid --%s %q: expected %s", v.GetFlag().Name, v.GetValue(), kinds[v.GetFlag().Value.Type()])
	}
	return exit.Usage("%w; see %s --help", err, cmd.CommandPath())
}
