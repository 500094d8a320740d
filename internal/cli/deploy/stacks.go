package deploy

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// StacksAPI reads and deletes stacks.
type StacksAPI interface {
	cloudformation.DescribeStacksAPIClient
	cloudformation.ListStackResourcesAPIClient
	GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error)
	DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error)
	UpdateTerminationProtection(
		context.Context, *cloudformation.UpdateTerminationProtectionInput, ...func(*cloudformation.Options),
	) (*cloudformation.UpdateTerminationProtectionOutput, error)
}

// Types of resources that are treated specially.
const (
	bucketType    = "AWS::S3::Bucket"
	namespaceType = "AWS::ServiceDiscovery::HttpNamespace"
)

// stack is a deployed stack.
type stack struct {
	name      string
	protected bool
	resources []resource
}

// resource is a resource of a stack.
type resource struct {
	kind, id string
	kept     bool // when its stack is deleted
}

// inspect lists the stage's stacks that exist, with their resources, in the order in which they are deleted.
func inspect(ctx context.Context, api StacksAPI, stage string) ([]stack, error) {
	var all []stack
	for _, name := range slices.Backward(stackNames(stage)) {
		found, err := describe(ctx, api, name)
		if err != nil {
			return nil, err
		}
		if found == nil {
			continue
		}
		s := stack{name: name, protected: aws.ToBool(found.EnableTerminationProtection)}
		if s.resources, err = resources(ctx, api, name); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func resources(ctx context.Context, api StacksAPI, name string) ([]resource, error) {
	out, err := api.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &name})
	if err != nil {
		return nil, fmt.Errorf("get template of stack %s: %w", name, err)
	}
	var template struct {
		Resources map[string]struct{ DeletionPolicy string }
	}
	if err := json.Unmarshal([]byte(aws.ToString(out.TemplateBody)), &template); err != nil {
		return nil, fmt.Errorf("read template of stack %s: %w", name, err)
	}
	var all []resource
	pages := cloudformation.NewListStackResourcesPaginator(api, &cloudformation.ListStackResourcesInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list resources of stack %s: %w", name, err)
		}
		for _, r := range page.StackResourceSummaries {
			if r.ResourceStatus == types.ResourceStatusDeleteComplete {
				continue
			}
			policy := template.Resources[aws.ToString(r.LogicalResourceId)].DeletionPolicy
			all = append(all, resource{kind: aws.ToString(r.ResourceType), id: aws.ToString(r.PhysicalResourceId), kept: strings.HasPrefix(policy, "Retain")})
		}
	}
	return all, nil
}

// kept lists the resources that stay when the stacks are deleted, by kind and id.
func kept(stacks []stack) []resource {
	var all []resource
	for _, s := range stacks {
		for _, r := range s.resources {
			if r.kept {
				all = append(all, r)
			}
		}
	}
	slices.SortFunc(all, func(a, b resource) int { return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.id, b.id)) })
	return all
}

// deleted lists the ids of the resources of a kind that are deleted with their stack.
func deleted(stacks []stack, kind string) []string {
	var ids []string
	for _, s := range stacks {
		for _, r := range s.resources {
			if r.kind == kind && !r.kept {
				ids = append(ids, r.id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}
