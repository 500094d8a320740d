package localemr

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// RoleAPI is the part of STS that localemr uses: credentials for steps with a runtime role.
type RoleAPI interface {
	AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, opts ...func(*sts.Options)) (*sts.AssumeRoleOutput, error)
}

// roleEnviron is the environment of a step that has a runtime role: credentials of
// that role, assumed by the role of the cluster's instances. EC2 provides the
// latter; here the server's own credentials assume it.
func (s *Server) roleEnviron(ctx context.Context, job stepJob) ([]string, error) {
	if s.cfg.Roles == nil {
		return nil, nil
	}
	instance, err := s.assume(ctx, s.roleOf(job.instanceProfile), job.cluster)
	if err != nil {
		return nil, err
	}
	own := credentials.NewStaticCredentialsProvider(
		aws.ToString(instance.AccessKeyId), aws.ToString(instance.SecretAccessKey), aws.ToString(instance.SessionToken))
	keys, err := s.assume(ctx, job.role, job.id, func(o *sts.Options) { o.Credentials = own })
	if err != nil {
		return nil, err
	}
	return []string{
		"AWS_ACCESS_KEY_ID=" + aws.ToString(keys.AccessKeyId), "AWS_SECRET_ACCESS_KEY=" + aws.ToString(keys.SecretAccessKey),
		"AWS_SESSION_TOKEN=" + aws.ToString(keys.SessionToken),
		variableURI + "=", variableToken + "=", variableMetadata + "=", // such a step cannot have the instances' role
	}, nil
}

// roleOf is the role of an instance profile: here they have the same name.
func (s *Server) roleOf(profile string) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/%s", s.cfg.Account, path.Base(profile))
}

func (s *Server) assume(ctx context.Context, role, session string, opts ...func(*sts.Options)) (*types.Credentials, error) {
	out, err := s.cfg.Roles.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: &session}, opts...)
	if err != nil {
		return nil, fmt.Errorf("assume role %s: %w", role, err)
	}
	return out.Credentials, nil
}

// throughShell is a command line as it arrives on a cluster with runtime roles:
// its arguments are read by one more shell, so they must be escaped.
// Source: Amazon EMR Management Guide, "Runtime roles for Amazon EMR steps".
func throughShell(argv, env []string) ([]string, error) {
	return lookUp([]string{"bash", "-c", strings.Join(argv, " ")}, env)
}
