package deploy_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"ephemr/internal/cli/deploy"
	"ephemr/internal/stage"
)

// identity is that of account 123456789012.
type identity struct{}

func (identity) GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Account: new("123456789012")}, nil
}

func settings(t *testing.T, version string) string {
	t.Helper()
	text, err := json.Marshal(stage.Settings{Stage: "dev", Version: version})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// stacks is CloudFormation. As there, a stack that does not exist is a ValidationError, a protected stack cannot be
// deleted, and one with a bucket that is not empty cannot be deleted either.
type stacks struct {
	all   map[string]*fakeStack
	order []string // in which stacks were deleted
	full  func(bucket string) bool
}

type fakeStack struct {
	status    types.StackStatus
	protected bool
	resources []fakeResource
}

type fakeResource struct{ kind, id, policy string }

var _ deploy.StacksAPI = (*stacks)(nil)

func (s *stacks) find(name *string) (*fakeStack, error) {
	if found, ok := s.all[*name]; ok {
		return found, nil
	}
	return nil, &smithy.GenericAPIError{Code: "ValidationError", Message: "Stack with id " + *name + " does not exist"}
}

func (s *stacks) DescribeStacks(_ context.Context, in *cloudformation.DescribeStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	found, err := s.find(in.StackName)
	if err != nil {
		return nil, err
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{{StackName: in.StackName, StackStatus: found.status, EnableTerminationProtection: &found.protected}}}, nil
}

func (s *stacks) ListStackResources(
	_ context.Context, in *cloudformation.ListStackResourcesInput, _ ...func(*cloudformation.Options),
) (*cloudformation.ListStackResourcesOutput, error) {
	found, err := s.find(in.StackName)
	if err != nil {
		return nil, err
	}
	var out cloudformation.ListStackResourcesOutput
	for _, r := range found.resources {
		out.StackResourceSummaries = append(out.StackResourceSummaries, types.StackResourceSummary{
			LogicalResourceId: new("L" + r.id), PhysicalResourceId: &r.id, ResourceType: &r.kind, ResourceStatus: types.ResourceStatusCreateComplete,
		})
	}
	return &out, nil
}

func (s *stacks) GetTemplate(_ context.Context, in *cloudformation.GetTemplateInput, _ ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error) {
	found, err := s.find(in.StackName)
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	for _, r := range found.resources {
		all["L"+r.id] = map[string]any{"Type": r.kind, "DeletionPolicy": r.policy}
	}
	text, err := json.Marshal(map[string]any{"Resources": all})
	return &cloudformation.GetTemplateOutput{TemplateBody: new(string(text))}, err
}

func (s *stacks) DeleteStack(_ context.Context, in *cloudformation.DeleteStackInput, _ ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error) {
	found, err := s.find(in.StackName)
	if err != nil {
		return nil, err
	}
	if found.protected {
		return nil, &smithy.GenericAPIError{Code: "ValidationError", Message: "Stack [" + *in.StackName + "] cannot be deleted while TerminationProtection is enabled"}
	}
	if slices.ContainsFunc(found.resources, func(r fakeResource) bool { return r.kind == "AWS::S3::Bucket" && r.policy == "Delete" && s.full(r.id) }) {
		found.status = types.StackStatusDeleteFailed
		return &cloudformation.DeleteStackOutput{}, nil
	}
	delete(s.all, *in.StackName)
	s.order = append(s.order, *in.StackName)
	return &cloudformation.DeleteStackOutput{}, nil
}

func (s *stacks) UpdateTerminationProtection(
	_ context.Context, in *cloudformation.UpdateTerminationProtectionInput, _ ...func(*cloudformation.Options),
) (*cloudformation.UpdateTerminationProtectionOutput, error) {
	found, err := s.find(in.StackName)
	if err != nil {
		return nil, err
	}
	found.protected = *in.EnableTerminationProtection
	return &cloudformation.UpdateTerminationProtectionOutput{}, nil
}
