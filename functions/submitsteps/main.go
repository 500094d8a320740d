// Command submitsteps submits the jobs that can start and registers the task token that waits for them.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).SubmitSteps()) }
