package cli_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/approve"
	"ephemr/internal/operation"
	"ephemr/internal/run"
)

type identity string

func (i identity) GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	if i == "" {
		return nil, errors.New("not allowed")
	}
	return &sts.GetCallerIdentityOutput{Arn: aws.String(string(i))}, nil
}

// A decision carries the caller's AWS identity or, where AWS does not say, the local user.
func TestApprove(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		me   identity
		o    approve.Options
		want operation.ApproveRequest
		out  string
	}{
		"approved":         {"arn:aws:iam::1:user/me", approve.Options{RunID: "r", Who: "me"}, operation.ApproveRequest{RunID: "r", By: "arn:aws:iam::1:user/me"}, "job j of run r is approved; follow it with: ephemr show r\n"},
		"refused":          {"arn:aws:iam::1:user/me", approve.Options{RunID: "r", Job: "j", Refuse: true, Why: "w"}, operation.ApproveRequest{RunID: "r", Job: "j", Refuse: true, Why: "w", By: "arn:aws:iam::1:user/me"}, "job j of run r is refused"},
		"without identity": {"", approve.Options{RunID: "r", Who: "me", JSON: true}, operation.ApproveRequest{RunID: "r", By: "me"}, `"decision": "approved"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var got operation.ApproveRequest
			w.controls(operation.Handler{Approve: operation.Of(func(_ context.Context, in operation.ApproveRequest) (operation.Approved, error) {
				got = in
				d := run.Approved
				if in.Refuse {
					d = run.Refused
				}
				return operation.Approved{RunID: in.RunID, Job: "j", Decision: d}, nil
			})})
			if err := approve.Run(t.Context(), tt.o, w.io, w.settings, w.lambda, tt.me); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			if out := w.out.String(); !strings.Contains(out, tt.out) {
				t.Errorf("output %q, want %q", out, tt.out)
			}
		})
	}
}
