// Command watch wakes waiting runs on EMR's events and on the minute tick.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).Watch()) }
