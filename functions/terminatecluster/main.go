// Command terminatecluster terminates the clusters of a run or releases their leases.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).TerminateCluster()) }
