// Command awaitadmission registers a manual execution that waits for limits to allow its run.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).AwaitAdmission()) }
