package deploy

import (
	"bufio"
	"io"
	"strings"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
)

// Confirm asks a person.
type Confirm struct {
	IO          *terminal.IO
	In          io.Reader
	Interactive bool // In is a terminal
}

// ask returns an error unless the person types answer, or yes is set.
func (c Confirm) ask(yes bool, question, answer string) error {
	if yes {
		return nil
	}
	if !c.Interactive {
		return exit.Usage("%s The input is not a terminal: confirm with --yes", question)
	}
	c.IO.Notef("%s Type %s to continue: ", question, answer)
	line, err := bufio.NewReader(c.In).ReadString('\n')
	if err != nil && line == "" || strings.TrimSpace(line) != answer {
		return exit.Usage("nothing was changed")
	}
	return nil
}
