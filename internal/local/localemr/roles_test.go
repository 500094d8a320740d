package localemr_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"ephemr/internal/local/localemr"
)

const runtimeRole = "arn:aws:iam::000000000000:role/job"

var _ localemr.RoleAPI = (*roles)(nil)

// roles is an STS that knows the role of an instance profile, and one that only
// the instances may take on.
type roles struct {
	mu   sync.Mutex
	seen []string // role by whom
}

func (r *roles) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, opts ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	var o sts.Options
	for _, f := range opts {
		f(&o)
	}
	by := "server"
	if o.Credentials != nil {
		keys, err := o.Credentials.Retrieve(ctx)
		if err != nil {
			return nil, err
		}
		by = keys.AccessKeyID
	}
	name := (*in.RoleArn)[strings.LastIndexByte(*in.RoleArn, '/')+1:]
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, name+" by "+by)
	if name != "instances" && name != "job" || name == "job" && by != "key-of-instances" {
		return nil, errors.New("AccessDenied: not authorized to perform: sts:AssumeRole")
	}
	return &sts.AssumeRoleOutput{Credentials: &ststypes.Credentials{
		AccessKeyId: new("key-of-" + name), SecretAccessKey: new("secret-of-" + name), SessionToken: new("token-of-" + name),
	}}, nil
}

// secured starts a cluster whose steps need roles.
func secured(t *testing.T, profile string) (*stand, string) {
	t.Helper()
	st := begin(t, func(c *localemr.Config) {
		c.Roles = &roles{}
		c.Environ = append(c.Environ, "AWS_ACCESS_KEY_ID=key-of-server", "AWS_SECRET_ACCESS_KEY=secret-of-server")
	})
	in := request("secured")
	in.SecurityConfiguration, in.JobFlowRole = new("runtime-roles"), &profile
	return st, st.run(in)
}

func (st *stand) addAs(id, role string, step types.StepConfig) (string, error) {
	in := &emr.AddJobFlowStepsInput{JobFlowId: &id, Steps: []types.StepConfig{step}}
	if role != "" {
		in.ExecutionRoleArn = &role
	}
	out, err := st.emr.AddJobFlowSteps(st.t.Context(), in)
	if err != nil {
		return "", err
	}
	return out.StepIds[0], nil
}

// A step with a runtime role has that role's credentials, taken on by the
// cluster's instances, and its arguments pass one more shell.
func TestRuntimeRole(t *testing.T) {
	t.Parallel()
	st, id := secured(t, "arn:aws:iam::000000000000:instance-profile/instances")
	step := bash("whoami", `'echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN a\ \ b >$HOME/whoami'`)
	if _, err := st.addAs(id, runtimeRole, step); err != nil {
		t.Fatal(err)
	}
	if got, want := st.awaitFile(filepath.Join(st.cfg.Data, id, "whoami")), "key-of-job secret-of-job token-of-job a  b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What is not escaped, the other shell takes apart.
func TestRuntimeRoleNeedsEscapes(t *testing.T) {
	t.Parallel()
	st, id := secured(t, "instances")
	step, err := st.addAs(id, runtimeRole, bash("unescaped", `echo taken apart >$HOME/out; exit 3`))
	if err != nil {
		t.Fatal(err)
	}
	st.awaitStep(id, step, types.StepStateFailed)
	if text, err := os.ReadFile(filepath.Join(st.cfg.Data, id, "out")); err != nil || string(text) != "\n" { //nolint:gosec // a file of this test
		t.Errorf("%q, %v", text, err)
	}
}

func TestRuntimeRoleDenied(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ profile, role string }{
		"not the instances'": {"others", runtimeRole},
		"not there":          {"instances", "arn:aws:iam::000000000000:role/unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, id := secured(t, tt.profile)
			step, err := st.addAs(id, tt.role, bash("denied", "'touch $HOME/ran'"))
			if err != nil {
				t.Fatal(err)
			}
			failed := st.awaitStep(id, step, types.StepStateFailed)
			if d := failed.Status.FailureDetails; d == nil || !strings.Contains(*d.Message, "AccessDenied") {
				t.Errorf("details %+v", d)
			}
			if _, err := os.Stat(filepath.Join(st.cfg.Data, id, "ran")); err == nil {
				t.Error("it ran")
			}
		})
	}
}

// A cluster's steps have roles, or none has.
func TestRuntimeRolesOrNone(t *testing.T) {
	t.Parallel()
	st, id := secured(t, "instances")
	_, err := st.addAs(id, "", bash("none", "true"))
	wants(t, err, "ValidationException: Runtime roles are required for this cluster. *")
	_, err = st.addAs(st.run(request("open")), runtimeRole, bash("some", "true"))
	wants(t, err, "ValidationException: Runtime roles are not supported on this cluster. *")
}
