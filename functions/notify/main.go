// Command notify sends the notices of runs.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).Notify()) }
