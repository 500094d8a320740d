// Command control carries out the operations that people start: cancel, retry, resize and terminate.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).Control()) }
