package cli

import (
	"errors"
	"fmt"
	"strings"

	"ephemr/internal/cli/exit"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// strict makes wrong arguments of cmd, and of what is below it, a wrong command
// line that is told in our words. A command that only has others below it shows
// its help, and knows which of them was meant.
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

// unknown says that cmd has no such command, and which one may be meant.
func unknown(cmd *cobra.Command, name string) error {
	meant := ""
	if cmd.SuggestionsMinimumDistance == 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if all := cmd.SuggestionsFor(name); len(all) > 0 {
		meant = "; did you mean " + strings.Join(all, " or ") + "?"
	}
	return exit.Usage("%s has no command %q%s; see %s --help", cmd.CommandPath(), name, meant, cmd.CommandPath())
}

// arguments checks as check does. What cobra says of a wrong number of them
// does not name them.
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

// misfit holds args against the line that help begins with.
func misfit(cmd *cobra.Command, args []string) string {
	_, wanted, some := strings.Cut(cmd.Use, " ")
	switch {
	case !some:
		wanted = "no arguments"
	case len(args) == 0:
		return "needs " + wanted
	}
	return fmt.Sprintf("takes %s, not %q", wanted, strings.Join(args, " "))
}

// kinds are values of flags, by the names that pflag has for their types.
var kinds = map[string]string{
	"int": "a whole number", "int64": "a whole number", "float64": "a number", "bool": "true or false", "duration": "a time like 90s, 30m or 2h",
}

// wrongFlag is what is wrong with a flag, without Go's words for it.
func wrongFlag(cmd *cobra.Command, err error) error {
	if v, ok := errors.AsType[*pflag.InvalidValueError](err); ok && kinds[v.GetFlag().Value.Type()] != "" {
		err = fmt.Errorf("--%s %q is not %s", v.GetFlag().Name, v.GetValue(), kinds[v.GetFlag().Value.Type()])
	}
	return exit.Usage("%w; see %s --help", err, cmd.CommandPath())
}
