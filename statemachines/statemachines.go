// Package statemachines embeds the workflow definitions, so that the stacks
// that deploy them and the tests that check them read the same bytes.
package statemachines

import _ "embed"

// Run takes one run from its request to its outcome.
//
//go:embed run.asl.json
var Run string
