// Command checksql has Athena run the queries of a run's checks.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).CheckSQL()) }
