// Command resizecluster resizes a running cluster, or returns how far a resize has come.
package main

import (
	"context"
	"os"

	"ephemr/internal/control"
	"ephemr/internal/entry"
)

func main() { entry.Start(control.Dial(context.Background(), os.Getenv).ResizeCluster()) }
