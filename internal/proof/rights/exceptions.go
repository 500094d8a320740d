package rights

import (
	"slices"
	"strings"

	"ephemr/internal/proof/iam"
)

// Exception is a permission that functions have although the end-to-end tests record
// no call that needs it.
type Exception struct {
	Functions []string // without the stage's prefix; none = all
	Actions   []string
	Resource  string // part of the ARN; empty = any
	Why       string
}

func (e Exception) covers(function string, g iam.Grant) bool {
	name := function[strings.LastIndex(function, "-")+1:]
	return (len(e.Functions) == 0 || slices.Contains(e.Functions, name)) && slices.Contains(e.Actions, g.Action) && strings.Contains(g.Resource, e.Resource)
}

// Exceptions are all of them.
func Exceptions() []Exception {
	return []Exception{
		{
			Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Why:     "Lambda writes the function's log with its role",
		},
		{
			Functions: []string{"intake"},
			Actions:   []string{"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
			Why:       "Lambda reads the function's queues with its role",
		},
	}
}
