package register

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
)

// Followers are the pipelines that wait for runs of another, sorted.
func (s *Store) Followers(ctx context.Context, upstream string) (names []string, _ error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :after"),
		ExpressionAttributeValues: records.Item{":after": records.String(records.FollowersPartition(upstream))},
	}
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for pipelines after %s: %w", upstream, err)
		}
		for _, it := range page.Items {
			names = append(names, records.Text(it[records.SortName]))
		}
	}
	return names, nil
}

// afterWrites are the writes after which the items that say for whom a pipeline waits are
// those of spec; none if they are already. What it waits for must be registered, and not
// wait for it.
func (s *Store) afterWrites(ctx context.Context, before *registered, spec *pipeline.Spec) ([]types.TransactWriteItem, error) {
	writes, err := s.unfollow(before, spec)
	if err != nil {
		return nil, err
	}
	added := false
	for _, upstream := range spec.Upstreams() {
		key := records.FollowerKey(upstream, spec.Name)
		out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Table, ConsistentRead: aws.Bool(true), Key: key.Attributes()})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", key.Partition, err)
		}
		if out.Item == nil {
			writes, added = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: &s.Table, Item: key.Attributes()}}), true
		}
	}
	if !added {
		return writes, nil
	}
	number, err := s.graph(ctx) // before the pipelines are read: none changes afterwards
	if err != nil {
		return nil, err
	}
	if err := CheckAfter(ctx, *spec, s.spec); err != nil {
		return nil, err
	}
	change, err := records.UpdateWrite(s.Table, records.GraphKey(), expression.Set(expression.Name("number"), expression.Value(number+1)), graphIs(number))
	return append(writes, change), err
}

// unfollow are the writes that remove what the version before waits for and spec does not.
func (s *Store) unfollow(before *registered, spec *pipeline.Spec) (writes []types.TransactWriteItem, _ error) {
	if !before.exists() {
		return nil, nil
	}
	v, err := before.current.version()
	if err != nil {
		return nil, err
	}
	now := spec.Upstreams()
	for _, upstream := range v.Spec.Upstreams() {
		if !slices.Contains(now, upstream) {
			writes = append(writes, s.deleteAny(records.FollowerKey(upstream, spec.Name)))
		}
	}
	return writes, nil
}

// spec is that of a registered pipeline, or nil.
func (s *Store) spec(ctx context.Context, name string) (*pipeline.Spec, error) {
	v, err := s.Current(ctx, name)
	if v == nil || err != nil {
		return nil, err
	}
	return &v.Spec, nil
}

// graph is the number of changes of what pipelines wait for.
func (s *Store) graph(ctx context.Context) (number int, _ error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Table, ConsistentRead: aws.Bool(true), Key: records.GraphKey().Attributes()})
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", records.GraphKey().Sort, err)
	}
	if v, ok := out.Item["number"]; ok {
		err = attributevalue.Unmarshal(v, &number)
	}
	return number, err
}

// graphIs holds while the number of changes is that which was read.
func graphIs(number int) expression.ConditionBuilder {
	if number == 0 {
		return expression.Name("number").AttributeNotExists()
	}
	return records.Is("number", number)
}

// CheckAfter returns an error if a pipeline waits for one that is not known, or for itself
// through others. known returns nil for a pipeline that is not.
func CheckAfter(ctx context.Context, spec pipeline.Spec, known func(ctx context.Context, name string) (*pipeline.Spec, error)) error {
	var missing []error
	from := map[string]string{} // upstream -> the pipeline that waits for it
	next := []string{}
	for _, name := range spec.Upstreams() {
		from[name] = spec.Name
		next = append(next, name)
	}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if name == spec.Name {
			return fault.New(fault.InvalidInput, "pipeline %s waits for itself: %s; remove one of these triggers", name, path(from, name))
		}
		s, err := known(ctx, name)
		if err != nil {
			return err
		}
		if s == nil {
			if from[name] == spec.Name {
				missing = append(missing, fmt.Errorf("pipeline %s waits for pipeline %q, which is not registered; register it before, or apply both files together", spec.Name, name))
			}
			continue
		}
		for _, upstream := range s.Upstreams() {
			if _, seen := from[upstream]; !seen {
				from[upstream] = name
				next = append(next, upstream)
			}
		}
	}
	if len(missing) > 0 {
		return fault.New(fault.InvalidInput, "%w", errors.Join(missing...))
	}
	return nil
}

// path is the loop that ends with name: each pipeline waits for the next.
func path(from map[string]string, name string) string {
	all := []string{name}
	for at := from[name]; at != name; at = from[at] {
		all = append(all, at)
	}
	all = append(all, name)
	slices.Reverse(all)
	return strings.Join(all, " -> ")
}

// followed returns an error if others wait for runs of a pipeline that is to be deleted.
func (s *Store) followed(ctx context.Context, name string) error {
	names, err := s.Followers(ctx, name)
	if err != nil || len(names) == 0 {
		return err
	}
	const shown = 5
	list := strings.Join(names[:min(len(names), shown)], ", ")
	if len(names) > shown {
		list += fmt.Sprintf(" and %d more", len(names)-shown)
	}
	return fault.New(fault.InvalidInput, "pipeline %s is waited for by %s; change or delete these first, or delete it all the same with --force", name, list)
}
