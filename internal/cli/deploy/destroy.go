package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// DestroyOptions are those of ephemr destroy.
type DestroyOptions struct {
	Stage string
	Data  bool // also delete what the stacks keep, and what is in buckets
	Yes   bool
}

// Leftovers deletes what CloudFormation does not: what stacks keep, what buckets contain, and what functions created.
type Leftovers interface {
	// Clusters lists the stage's clusters that have not ended.
	Clusters(ctx context.Context) ([]string, error)
	// Objects reports whether the bucket exists and contains an object or a version.
	Objects(ctx context.Context, bucket string) (bool, error)
	Empty(ctx context.Context, bucket string) error
	DeleteServices(ctx context.Context, namespace string) error
	// Delete deletes a resource by its CloudFormation type and physical id. It is no error if it does not exist.
	Delete(ctx context.Context, kind, id string) error
}

// deletion is how long the deletion of a stack may take.
const deletion = 30 * time.Minute

// Destroy deletes the stacks of a stage.
func Destroy(ctx context.Context, o DestroyOptions, io *terminal.IO, api StacksAPI, left Leftovers, confirm Confirm) error {
	stacks, err := inspect(ctx, api, o.Stage)
	if err != nil {
		return err
	}
	if len(stacks) == 0 {
		return exit.Usage("stage %s has no stacks in this account and Region; set AWS_PROFILE and AWS_REGION to those of the stage", o.Stage)
	}
	if err := idle(ctx, o, left); err != nil {
		return err
	}
	full, err := filled(ctx, stacks, left)
	if err != nil {
		return err
	}
	show(o, io, stacks, full)
	if len(full) > 0 && !o.Data {
		return exit.Usage("buckets that would be deleted contain objects, and CloudFormation deletes empty buckets only; copy what you need, and delete them with --data")
	}
	if err := confirm.ask(o.Yes, "This cannot be undone.", o.Stage); err != nil {
		return err
	}
	if err := empty(ctx, io, full, left); err != nil {
		return err
	}
	if err := removeAll(ctx, io, stacks, api, left); err != nil {
		return err
	}
	if o.Data {
		err = clean(ctx, io, kept(stacks), left)
	}
	return err
}

// empty empties buckets.
func empty(ctx context.Context, io *terminal.IO, buckets []string, left Leftovers) error {
	for _, bucket := range buckets {
		io.Notef("emptying bucket %s\n", bucket)
		if err := left.Empty(ctx, bucket); err != nil {
			return err
		}
	}
	return nil
}

// idle refuses a stage whose clusters run: without its functions nothing would terminate them.
func idle(ctx context.Context, o DestroyOptions, left Leftovers) error {
	running, err := left.Clusters(ctx)
	if err != nil {
		return err
	}
	if len(running) > 0 {
		return exit.Usage("stage %s has %s that run, and nothing would terminate them: %v; cancel their runs (ephemr cancel) or terminate them (ephemr terminate) first",
			o.Stage, terminal.Count(len(running), "cluster"), running)
	}
	return nil
}

// filled lists the buckets with objects that have to be emptied: those that are deleted with their stack.
func filled(ctx context.Context, stacks []stack, left Leftovers) ([]string, error) {
	var full []string
	for _, bucket := range deleted(stacks, bucketType) {
		has, err := left.Objects(ctx, bucket)
		if err != nil {
			return nil, err
		}
		if has {
			full = append(full, bucket)
		}
	}
	return full, nil
}

// show says what is deleted and what is kept.
func show(o DestroyOptions, io *terminal.IO, stacks []stack, full []string) {
	io.Printf("Stacks that are deleted:\n")
	for _, s := range stacks {
		note := ""
		if s.protected {
			note = "  (protected: the protection is switched off)"
		}
		io.Printf("  %s  %s%s\n", s.name, terminal.Count(len(s.resources), "resource"), note)
	}
	for _, bucket := range full {
		io.Printf("  bucket %s contains objects\n", bucket)
	}
	verb := "Kept; buckets, tables and log groups are charged for what they store until they are deleted, by --data"
	if o.Data {
		verb = "Deleted with all of their data"
	}
	all := kept(stacks)
	if len(all) > 0 {
		io.Printf("%s:\n", verb)
	}
	for _, r := range all {
		io.Printf("  %s  %s\n", r.kind, r.id)
	}
	io.Printf("Kept in any case: the CDK's bootstrap stack (CDKToolkit) with the assets of all stages of the Region, which other CDK apps may use.\n")
}

// removeAll deletes the stacks in this order: one after the other, because each uses those behind it.
func removeAll(ctx context.Context, io *terminal.IO, stacks []stack, api StacksAPI, left Leftovers) error {
	for _, s := range stacks {
		if err := remove(ctx, io, s, api, left); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a stack, and waits for that.
func remove(ctx context.Context, io *terminal.IO, s stack, api StacksAPI, left Leftovers) error {
	for _, namespace := range deleted([]stack{s}, namespaceType) {
		if err := left.DeleteServices(ctx, namespace); err != nil {
			return err
		}
	}
	if s.protected {
		if err := protection(ctx, api, s.name, false); err != nil {
			return err
		}
	}
	io.Notef("deleting stack %s\n", s.name)
	if _, err := api.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &s.name}); err != nil {
		return fmt.Errorf("delete stack %s: %w", s.name, err)
	}
	gone := cloudformation.NewStackDeleteCompleteWaiter(api, func(o *cloudformation.StackDeleteCompleteWaiterOptions) { o.MinDelay = time.Second })
	if err := gone.Wait(ctx, &cloudformation.DescribeStacksInput{StackName: &s.name}, deletion); err != nil {
		return fmt.Errorf("delete stack %s: %w; see its events: aws cloudformation describe-stack-events --stack-name %[1]s", s.name, err)
	}
	return nil
}

// clean deletes what the stacks have kept. The error has all that could not be deleted.
func clean(ctx context.Context, io *terminal.IO, kept []resource, left Leftovers) error {
	var errs []error
	for _, r := range kept {
		io.Notef("deleting %s %s\n", r.kind, r.id)
		errs = append(errs, left.Delete(ctx, r.kind, r.id))
	}
	return errors.Join(errs...)
}
