// Package approve is ephemr approve: it decides on a job that waits for a person.
package approve

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	RunID  string
	Job    string
	Refuse bool
	Why    string
	Who    string // where AWS does not say
	JSON   bool
}

// IdentityAPI says who the caller is.
type IdentityAPI interface {
	GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

// Run records the decision.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI, identity IdentityAPI) error {
	by := o.Who
	if me, err := identity.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err == nil && aws.ToString(me.Arn) != "" {
		by = aws.ToString(me.Arn)
	}
	in := operation.ApproveRequest{RunID: o.RunID, Job: o.Job, Refuse: o.Refuse, Why: o.Why, By: by}
	var out operation.Approved
	if err := lambdacall.Control(ctx, api, s, operation.Approve, in, &out); err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(out)
	}
	io.Printf("job %s of run %s is %s; follow it with: ephemr show %[2]s\n", out.Job, out.RunID, out.Decision)
	return nil
}
