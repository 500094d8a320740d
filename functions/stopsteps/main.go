// Command stopsteps cancels what a run has on its cluster and registers the task token that waits for it to end.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).StopSteps()) }
