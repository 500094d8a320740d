// Command preparerun associates an execution with its run and plans the run's jobs.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).PrepareRun()) }
