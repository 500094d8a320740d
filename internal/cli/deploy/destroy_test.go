package deploy_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/deploy"
	"ephemr/internal/cli/terminal"
)

// leftovers is what CloudFormation does not delete.
type leftovers struct {
	clusters []string
	full     map[string]bool // buckets with objects
	deleted  []string
}

var _ deploy.Leftovers = (*leftovers)(nil)

func (l *leftovers) Clusters(context.Context) ([]string, error) { return l.clusters, nil }

func (l *leftovers) Objects(_ context.Context, bucket string) (bool, error) {
	return l.full[bucket], nil
}

func (l *leftovers) Empty(_ context.Context, bucket string) error {
	l.full[bucket] = false
	l.deleted = append(l.deleted, "objects of "+bucket)
	return nil
}

func (l *leftovers) DeleteServices(_ context.Context, namespace string) error {
	l.deleted = append(l.deleted, "services of "+namespace)
	return nil
}

func (l *leftovers) Delete(_ context.Context, kind, id string) error {
	l.deleted = append(l.deleted, kind+" "+id)
	return nil
}

func TestDestroy(t *testing.T) {
	t.Parallel()
	all := []string{"ephemr-dev-triggers", "ephemr-dev-platform", "ephemr-dev-lake", "ephemr-dev-network"}
	for name, tt := range map[string]struct {
		options deploy.DestroyOptions
		policy  string // of buckets, tables and log groups
		objects bool
		running []string
		typed   string
		order   []string // of the stacks
		deleted []string
		show    []string
		want    string // error
	}{
		"an empty stage": {options: deploy.DestroyOptions{Yes: true}, policy: "Delete", order: all, deleted: []string{"services of ns-1"}},
		"by its name":    {policy: "Delete", typed: "dev\n", order: all, deleted: []string{"services of ns-1"}},
		"another name":   {policy: "Delete", typed: "prod\n", want: "nothing was changed"},
		"a full bucket":  {options: deploy.DestroyOptions{Yes: true}, policy: "Delete", objects: true, show: []string{"bucket raw contains objects"}, want: "delete them with --data"},
		"with its data":  {options: deploy.DestroyOptions{Yes: true, Data: true}, policy: "Delete", objects: true, order: all, deleted: []string{"objects of raw", "services of ns-1"}},
		"a retained stage": {
			options: deploy.DestroyOptions{Yes: true}, policy: "RetainExceptOnCreate", objects: true, order: all, deleted: []string{"services of ns-1"},
			show: []string{"Kept; buckets, tables and log groups are charged", "  AWS::S3::Bucket  raw\n", "  AWS::DynamoDB::Table  runs\n", "  AWS::Logs::LogGroup  logs\n", "CDKToolkit", "(protected: "},
		},
		"a retained stage, with its data": {
			options: deploy.DestroyOptions{Yes: true, Data: true}, policy: "RetainExceptOnCreate", objects: true, order: all,
			deleted: []string{"services of ns-1", "AWS::DynamoDB::Table runs", "AWS::Logs::LogGroup logs", "AWS::S3::Bucket raw"},
			show:    []string{"Deleted with all of their data:\n"},
		},
		"clusters that run": {options: deploy.DestroyOptions{Yes: true, Data: true}, policy: "Delete", running: []string{"j-1"}, want: "1 cluster that run, and nothing would terminate them: [j-1]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left := &leftovers{clusters: tt.running, full: map[string]bool{"raw": tt.objects}}
			retained := tt.policy != "Delete"
			fake := &stacks{full: func(bucket string) bool { return left.full[bucket] }, all: map[string]*fakeStack{
				"ephemr-dev-lake":     {types.StackStatusCreateComplete, retained, []fakeResource{{"AWS::S3::Bucket", "raw", tt.policy}, {"AWS::Glue::Table", "t", "Delete"}}},
				"ephemr-dev-triggers": {types.StackStatusCreateComplete, retained, []fakeResource{{"AWS::Events::Rule", "objects", ""}}},
				"ephemr-dev-platform": {types.StackStatusCreateComplete, retained, []fakeResource{
					{"AWS::DynamoDB::Table", "runs", tt.policy}, {"AWS::Logs::LogGroup", "logs", tt.policy}, {"AWS::ServiceDiscovery::HttpNamespace", "ns-1", ""},
				}},
				"ephemr-dev-network": {status: types.StackStatusCreateComplete},
				"ephemr-prod-lake":   {status: types.StackStatusCreateComplete},
			}}
			tt.options.Stage = "dev"
			var out bytes.Buffer
			io := &terminal.IO{Out: &out, Err: &bytes.Buffer{}}
			err := deploy.Destroy(t.Context(), tt.options, io, fake, left, deploy.Confirm{IO: io, In: strings.NewReader(tt.typed), Interactive: true})
			if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if diff := cmp.Diff(tt.order, fake.order); diff != "" {
				t.Errorf("stacks (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.deleted, left.deleted); diff != "" {
				t.Errorf("deleted beside them (-want +got):\n%s", diff)
			}
			for _, text := range tt.show {
				if !strings.Contains(out.String(), text) {
					t.Errorf("missing %q in\n%s", text, out.String())
				}
			}
		})
	}
}

func TestDestroyNothing(t *testing.T) {
	t.Parallel()
	io := &terminal.IO{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}
	err := deploy.Destroy(t.Context(), deploy.DestroyOptions{Stage: "dev"}, io, &stacks{}, &leftovers{}, deploy.Confirm{IO: io})
	if err == nil || !strings.Contains(err.Error(), "stage dev has no stacks in this account and Region") {
		t.Errorf("got %v", err)
	}
}
