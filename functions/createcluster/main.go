// Command createcluster creates or leases a run's cluster and registers the task token that waits for it.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).CreateCluster()) }
