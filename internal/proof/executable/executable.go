// Package executable writes the programs that tests execute.
package executable

import (
	"os"
	"syscall"
)

// Write writes a program. A process that is forked meanwhile would inherit the open file, and
// until it executes its own program, the kernel refuses to execute this one with ETXTBSY
// (https://go.dev/issue/22315).
func Write(name, text string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(name, []byte(text), 0o700) //nolint:gosec // it is to be run
}
