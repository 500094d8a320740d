package emrbehaviour_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"
)

// behaviour is a sequence of calls and their expected answers.
type behaviour struct {
	name string
	set  settings
	do   func(w *world) []string
	want []string
}

func check(t *testing.T, table []behaviour) {
	t.Helper()
	for _, b := range table {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			emulations(t, b.set, func(w *world) {
				if diff := cmp.Diff(b.want, b.do(w)); diff != "" {
					w.t.Errorf("answers (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestClusters(t *testing.T) {
	t.Parallel()
	check(t, []behaviour{
		{
			name: "states of a cluster that is kept alive",
			do: func(w *world) []string {
				id := w.run()
				w.passes(id, "STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
				c := w.cluster(id)
				return []string{reason(c), happened(c.Status.Timeline.CreationDateTime, c.Status.Timeline.ReadyDateTime, c.Status.Timeline.EndDateTime)}
			},
			want: []string{"WAITING: : Cluster ready to run steps.", "++-"},
		},
		{
			name: "WAITING after a step",
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				w.add(id, step(completes))
				w.awaitSteps(id, "completes COMPLETED")
				w.await(id, "WAITING")
				return []string{reason(w.cluster(id))}
			},
			want: []string{"WAITING: : Cluster ready after last step completed."},
		},
		{
			name: "RUNNING during a step",
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				w.add(id, step(blocks))
				w.await(id, "RUNNING")
				return []string{reason(w.cluster(id))}
			},
			want: []string{"RUNNING: : Running step"},
		},
		{
			name: "without keep-alive it terminates after its steps, also failed ones",
			do: func(w *world) []string {
				id := w.run(transient, withSteps(step(fails), step(completes)))
				w.passes(id, "STARTING", "BOOTSTRAPPING", "RUNNING", "TERMINATING", "TERMINATED")
				return []string{reason(w.cluster(id)), w.steps(id)}
			},
			want: []string{"TERMINATED: ALL_STEPS_COMPLETED: Steps completed", "fails FAILED, completes COMPLETED"},
		},
		{
			name: "without keep-alive and steps it terminates at once",
			do: func(w *world) []string {
				id := w.run(transient)
				w.await(id, "TERMINATED")
				return []string{reason(w.cluster(id))}
			},
			want: []string{"TERMINATED: ALL_STEPS_COMPLETED: Steps completed"},
		},
		{
			name: "DescribeCluster returns the request",
			set:  settings{stuck: true},
			do: func(w *world) []string {
				id := w.run(protected, transient, atOnce(3), func(in *emr.RunJobFlowInput) {
					in.Tags = []types.Tag{{Key: new("k"), Value: new("v")}}
					in.Applications = []types.Application{{Name: new("Spark")}}
					in.SecurityConfiguration = new("runtime-roles")
				})
				return []string{describe(w.cluster(id)), fmt.Sprint(ids.MatchString(id))}
			},
			want: []string{
				"nightly emr-7.14.0 s3://logs/emr/ service instances runtime-roles INSTANCE_FLEET; 3 at once, ends by itself true, protected true; Spark; k=v; STARTING +--",
				"true",
			},
		},
		{
			name: "TerminateJobFlows is asynchronous",
			set:  settings{lasting: true},
			do: func(w *world) []string {
				id := w.run(withSteps(step(deaf)))
				w.awaitSteps(id, "deaf RUNNING")
				w.deaf(id)
				return []string{answer(w.terminate(id)), reason(w.cluster(id)), answer(w.terminate(id))}
			},
			want: []string{"ok", "TERMINATING: USER_REQUEST: Terminated by user request", "ok"},
		},
		{
			name: "TerminateJobFlows cancels all steps, and is idempotent",
			do: func(w *world) []string {
				id := w.run(withSteps(step(deaf), step(completes)))
				w.awaitSteps(id, "deaf RUNNING, completes PENDING")
				w.deaf(id)
				w.must(w.terminate(id))
				w.passes(id, "TERMINATING", "TERMINATED")
				c := w.cluster(id)
				return []string{
					answer(w.terminate(id)), reason(c), w.steps(id),
					happened(c.Status.Timeline.CreationDateTime, c.Status.Timeline.ReadyDateTime, c.Status.Timeline.EndDateTime),
				}
			},
			want: []string{"ok", "TERMINATED: USER_REQUEST: Terminated by user request", "deaf CANCELLED, completes CANCELLED", "+++"},
		},
		{
			name: "it can be terminated before it is ready",
			set:  settings{stuck: true},
			do: func(w *world) []string {
				id := w.run(withSteps(step(completes)))
				w.must(w.terminate(id))
				w.await(id, "TERMINATED")
				c := w.cluster(id)
				return []string{reason(c), happened(c.Status.Timeline.ReadyDateTime, c.Status.Timeline.EndDateTime), w.steps(id)}
			},
			want: []string{"TERMINATED: USER_REQUEST: Terminated by user request", "-+", "completes CANCELLED"},
		},
		{
			name: "one protected cluster keeps the others of a call alive",
			do: func(w *world) []string {
				safe, open := w.run(protected), w.run()
				w.await(safe, "WAITING")
				w.await(open, "WAITING")
				refused := w.terminate(safe, open)
				kept := w.await(open, "WAITING")
				w.must(w.unprotect(safe))
				w.must(w.terminate(safe, open))
				return []string{answer(refused), kept, w.await(safe, "TERMINATED"), w.await(open, "TERMINATED")}
			},
			want: []string{
				"ValidationException: Could not shut down one or more job flows since they are termination protected.",
				"WAITING", "TERMINATED USER_REQUEST", "TERMINATED USER_REQUEST",
			},
		},
		{
			name: "a cluster that the account protects",
			set:  settings{protects: true},
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				refused := w.terminate(id)
				w.must(w.unprotect(id))
				w.must(w.terminate(id))
				w.await(id, "TERMINATED")
				return []string{answer(refused), answer(w.terminate(id)), answer(w.unprotect(id))}
			},
			want: []string{
				"ValidationException: Could not shut down one or more job flows since they are termination protected.",
				"ok", "ValidationException: " + notModifiable,
			},
		},
		{
			name: "auto-termination after the idle timeout",
			do: func(w *world) []string {
				id := w.run(idle(60))
				return []string{w.await(id, "TERMINATED")}
			},
			want: []string{"TERMINATED ALL_STEPS_COMPLETED"},
		},
		{
			name: "an auto-termination policy may be added; its default is an hour",
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				_, err := w.PutAutoTerminationPolicy(w.t.Context(), &emr.PutAutoTerminationPolicyInput{ClusterId: &id, AutoTerminationPolicy: &types.AutoTerminationPolicy{}})
				return []string{answer(err), w.await(id, "TERMINATED")}
			},
			want: []string{"ok", "TERMINATED ALL_STEPS_COMPLETED"},
		},
		{
			name: "a failed bootstrap action",
			set:  settings{bad: true},
			do: func(w *world) []string {
				id := w.run()
				return []string{w.await(id, "TERMINATED_WITH_ERRORS"), details(w.cluster(id))}
			},
			want: []string{"TERMINATED_WITH_ERRORS BOOTSTRAP_FAILURE", "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE"},
		},
		{
			name: "loss of the primary instance interrupts running steps",
			set:  settings{dies: true},
			do: func(w *world) []string {
				id := w.run(withSteps(step(blocks), step(completes)))
				return []string{w.await(id, "TERMINATED_WITH_ERRORS"), w.steps(id)}
			},
			want: []string{"TERMINATED_WITH_ERRORS INSTANCE_FAILURE", "blocks INTERRUPTED, completes CANCELLED"},
		},
		{
			name: "a fleet without Spot capacity runs into its timeout",
			do: func(w *world) []string {
				id := w.run(func(in *emr.RunJobFlowInput) {
					core := &in.Instances.InstanceFleets[1]
					*core = fleet(types.InstanceFleetTypeCore, 0, 1)
					core.InstanceTypeConfigs[0].InstanceType = new(scarce)
				})
				return []string{w.await(id, "TERMINATED_WITH_ERRORS"), details(w.cluster(id))}
			},
			want: []string{"TERMINATED_WITH_ERRORS INSTANCE_FLEET_TIMEOUT", "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ"},
		},
		{
			name: "without On-Demand capacity it is STARTING until there is some",
			do: func(w *world) []string {
				id := w.run(func(in *emr.RunJobFlowInput) {
					in.Instances.InstanceFleets[1].InstanceTypeConfigs[0].InstanceType = new(scarce)
				})
				w.sent("EMR Instance Fleet Provisioning", 3)
				before := w.await(id, "STARTING")
				w.supply()
				return []string{before, w.await(id, "WAITING"), details(w.cluster(id))}
			},
			want: []string{"STARTING", "WAITING", ""},
		},
		{
			name: "without On-Demand capacity it can be terminated",
			do: func(w *world) []string {
				id := w.run(func(in *emr.RunJobFlowInput) {
					in.Instances.InstanceFleets[0].InstanceTypeConfigs[0].InstanceType = new(scarce)
				})
				w.sent("EMR Instance Fleet Provisioning", 2)
				w.must(w.terminate(id))
				return []string{w.await(id, "TERMINATED")}
			},
			want: []string{"TERMINATED USER_REQUEST"},
		},
		{
			name: "a core type that the zone does not have",
			do: func(w *world) []string {
				id := w.run(func(in *emr.RunJobFlowInput) {
					in.Instances.InstanceFleets[1].InstanceTypeConfigs[0].InstanceType = new(foreign)
				})
				w.await(id, "TERMINATED_WITH_ERRORS")
				return []string{reason(w.cluster(id)), details(w.cluster(id))}
			},
			want: []string{
				"TERMINATED_WITH_ERRORS: VALIDATION_ERROR: The requested instance type m9.foreign is not supported in the requested availability zone." +
					" Learn more at https://docs.aws.amazon.com/console/elasticmapreduce/ERROR_noinstancetype",
				"VALIDATION_ERROR_INSTANCE_TYPE_NOT_SUPPORTED",
			},
		},
		{
			name: "capacity of one instance type is enough",
			do: func(w *world) []string {
				id := w.run(func(in *emr.RunJobFlowInput) {
					core := &in.Instances.InstanceFleets[1]
					core.InstanceTypeConfigs = append([]types.InstanceTypeConfig{{InstanceType: new(scarce)}}, core.InstanceTypeConfigs...)
				})
				return []string{w.await(id, "WAITING")}
			},
			want: []string{"WAITING"},
		},
		{
			name: "AddTags adds and replaces tags",
			set:  settings{stuck: true},
			do: func(w *world) []string {
				id := w.run(func(in *emr.RunJobFlowInput) { in.Tags = []types.Tag{{Key: new("a"), Value: new("1")}} })
				_, err := w.AddTags(w.t.Context(), &emr.AddTagsInput{ResourceId: &id, Tags: []types.Tag{{Key: new("b"), Value: new("2")}, {Key: new("a"), Value: new("3")}}})
				return []string{answer(err), tags(w.cluster(id))}
			},
			want: []string{"ok", "a=3 b=2"},
		},
		{
			name: "throttling",
			set:  settings{throttle: true, stuck: true},
			do: func(w *world) []string {
				id := w.run()
				var all []string
				for _, x := range []struct {
					op    string
					burst int
					rate  float64 // tokens a second
					call  func() error
				}{
					{"SetTerminationProtection", 5, 0.2, func() error {
						_, err := w.SetTerminationProtection(w.t.Context(), &emr.SetTerminationProtectionInput{JobFlowIds: []string{id}, TerminationProtected: new(false)})
						return err
					}},
					{"ListSteps", 10, 0.5, func() error {
						_, err := w.ListSteps(w.t.Context(), &emr.ListStepsInput{ClusterId: &id})
						return err
					}},
				} {
					n, began := 0, time.Now()
					var err error
					for ; err == nil; n++ {
						err = x.call()
					}
					if most := x.burst + 1 + int(x.rate*time.Since(began).Seconds()); n <= x.burst || n > most {
						w.t.Errorf("%s is throttled at call %d, want %d to %d", x.op, n, x.burst+1, most)
					}
					all = append(all, x.op+" "+answer(err))
				}
				return all
			},
			want: []string{
				"SetTerminationProtection ThrottlingException: Rate exceeded",
				"ListSteps ThrottlingException: Rate exceeded",
			},
		},
	})
}

func describe(c *types.Cluster) string {
	apps := ""
	for _, a := range c.Applications {
		apps += *a.Name
	}
	return fmt.Sprintf("%s %s %s %s %s %s %s; %d at once, ends by itself %t, protected %t; %s; %s; %s %s",
		*c.Name, *c.ReleaseLabel, *c.LogUri, *c.ServiceRole, *c.Ec2InstanceAttributes.IamInstanceProfile, *c.SecurityConfiguration, c.InstanceCollectionType,
		*c.StepConcurrencyLevel, *c.AutoTerminate, *c.TerminationProtected, apps, tags(c), c.Status.State,
		happened(c.Status.Timeline.CreationDateTime, c.Status.Timeline.ReadyDateTime, c.Status.Timeline.EndDateTime))
}

func tags(c *types.Cluster) string {
	var all []string
	for _, t := range c.Tags {
		all = append(all, *t.Key+"="+*t.Value)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func details(c *types.Cluster) string {
	var all []string
	for _, d := range c.Status.ErrorDetails {
		all = append(all, aws.ToString(d.ErrorCode))
	}
	return strings.Join(all, " ")
}

// Lists are compared as sets: EMR does not sort them.
func TestListClusters(t *testing.T) {
	t.Parallel()
	check(t, []behaviour{
		{
			name: "by state and by time of creation",
			do: func(w *world) []string {
				before := time.Now().Add(-time.Minute)
				gone := w.run(func(in *emr.RunJobFlowInput) { in.Name = new("gone") })
				w.must(w.terminate(gone))
				w.await(gone, "TERMINATED")
				live := w.run(func(in *emr.RunJobFlowInput) { in.Name = new("live") })
				w.await(live, "WAITING")
				after := time.Now().Add(time.Minute)
				return []string{
					w.list(emr.ListClustersInput{}),
					w.list(emr.ListClustersInput{ClusterStates: []types.ClusterState{"WAITING", "RUNNING"}}),
					w.list(emr.ListClustersInput{ClusterStates: []types.ClusterState{"STARTING"}}),
					w.list(emr.ListClustersInput{CreatedAfter: &before, CreatedBefore: &after}),
					w.list(emr.ListClustersInput{CreatedAfter: &after}),
					w.list(emr.ListClustersInput{CreatedBefore: &before}),
					w.list(emr.ListClustersInput{CreatedAfter: &before, ClusterStates: []types.ClusterState{"TERMINATED"}}),
				}
			},
			want: []string{"1: gone TERMINATED, live WAITING", "1: live WAITING", "1: ", "1: gone TERMINATED, live WAITING", "1: ", "1: ", "1: gone TERMINATED"},
		},
		{
			name: "50 a page",
			set:  settings{stuck: true},
			do: func(w *world) []string {
				for range 60 {
					w.run()
				}
				var sizes []int
				seen := map[string]bool{}
				for p := emr.NewListClustersPaginator(w, &emr.ListClustersInput{}); p.HasMorePages(); {
					page, err := p.NextPage(w.t.Context())
					w.must(err)
					sizes = append(sizes, len(page.Clusters))
					for _, c := range page.Clusters {
						seen[*c.Id] = true
					}
				}
				return []string{fmt.Sprint(sizes, len(seen))}
			},
			want: []string{"[50 10] 60"},
		},
	})
}

// list formats the number of pages of a list, and its clusters by name.
func (w *world) list(in emr.ListClustersInput) string {
	w.t.Helper()
	var all []string
	pages := 0
	for p := emr.NewListClustersPaginator(w, &in); p.HasMorePages(); pages++ {
		page, err := p.NextPage(w.t.Context())
		w.must(err)
		for _, c := range page.Clusters {
			all = append(all, *c.Name+" "+string(c.Status.State))
		}
	}
	slices.Sort(all)
	return fmt.Sprintf("%d: %s", pages, strings.Join(all, ", "))
}
