package emrbehaviour_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

func TestSteps(t *testing.T) {
	t.Parallel()
	check(t, []behaviour{
		{
			name: "one at a time, in their order",
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				w.add(id, step(completes), step(blocks), step(completes))
				return []string{w.awaitSteps(id, "completes COMPLETED, blocks RUNNING, completes PENDING")}
			},
			want: []string{"completes COMPLETED, blocks RUNNING, completes PENDING"},
		},
		{
			name: "StepConcurrencyLevel, and its change by ModifyCluster",
			do: func(w *world) []string {
				id := w.run(atOnce(2), withSteps(step(blocks), step(blocks), step(blocks), step(blocks)))
				before := w.awaitSteps(id, "blocks RUNNING, blocks RUNNING, blocks PENDING, blocks PENDING")
				out, err := w.ModifyCluster(w.t.Context(), &emr.ModifyClusterInput{ClusterId: &id, StepConcurrencyLevel: new(int32(3))})
				w.must(err)
				after := w.awaitSteps(id, "blocks RUNNING, blocks RUNNING, blocks RUNNING, blocks PENDING")
				return []string{before, fmt.Sprint(*out.StepConcurrencyLevel, *w.cluster(id).StepConcurrencyLevel), after}
			},
			want: []string{
				"blocks RUNNING, blocks RUNNING, blocks PENDING, blocks PENDING", "3 3",
				"blocks RUNNING, blocks RUNNING, blocks RUNNING, blocks PENDING",
			},
		},
		{name: "a failure with CONTINUE", do: failing("CONTINUE"), want: []string{"WAITING: : Cluster ready after last step completed.", "fails FAILED, completes COMPLETED"}},
		{name: "a failure with CANCEL_AND_WAIT", do: failing("CANCEL_AND_WAIT"), want: []string{"WAITING: : Cluster ready after last step completed.", "fails FAILED, completes CANCELLED"}},
		{name: "a failure with TERMINATE_CLUSTER", do: failing("TERMINATE_CLUSTER"), want: []string{"TERMINATED_WITH_ERRORS: STEP_FAILURE: Shut down as step failed", "fails FAILED, completes CANCELLED"}},
		{name: "a failure with TERMINATE_JOB_FLOW", do: failing("TERMINATE_JOB_FLOW"), want: []string{"TERMINATED_WITH_ERRORS: STEP_FAILURE: Shut down as step failed", "fails FAILED, completes CANCELLED"}},
		{name: "a failure without an action", do: failing(""), want: []string{"TERMINATED_WITH_ERRORS: STEP_FAILURE: Shut down as step failed", "fails FAILED, completes CANCELLED"}},
		{
			name: "a failure with TERMINATE_CLUSTER under termination protection",
			do:   failing("TERMINATE_CLUSTER", protected),
			want: []string{"WAITING: : Cluster ready after last step completed.", "fails FAILED, completes CANCELLED"},
		},
		{
			name: "ActionOnFailure is disregarded when the concurrency is raised",
			do: func(w *world) []string {
				id := w.run(withSteps(step(blocks), action(fails, "TERMINATE_CLUSTER"), action(fails, "CANCEL_AND_WAIT"), step(blocks)))
				w.await(id, "RUNNING")
				_, err := w.ModifyCluster(w.t.Context(), &emr.ModifyClusterInput{ClusterId: &id, StepConcurrencyLevel: new(int32(2))})
				w.must(err)
				return []string{w.awaitSteps(id, "blocks RUNNING, fails FAILED, fails FAILED, blocks RUNNING")}
			},
			want: []string{"blocks RUNNING, fails FAILED, fails FAILED, blocks RUNNING"},
		},
		{
			name: "DescribeStep returns the request",
			do: func(w *world) []string {
				id := w.run(func(in *emr.RunJobFlowInput) { in.SecurityConfiguration = new("runtime-roles") })
				out, err := w.AddJobFlowSteps(w.t.Context(), &emr.AddJobFlowStepsInput{
					JobFlowId: &id, ExecutionRoleArn: new("arn:aws:iam::000000000000:role/job"), Steps: []types.StepConfig{{
						Name: new("jar"), HadoopJarStep: &types.HadoopJarStepConfig{
							Jar: new("s3://code/x.jar"), MainClass: new("Main"), Args: []string{"a", "b"}, Properties: []types.KeyValue{{Key: new("k"), Value: new("v")}},
						},
					}},
				})
				w.must(err)
				s := w.step(id, out.StepIds[0])
				return []string{
					fmt.Sprintf("%s %s %s %t %t", *s.Name, s.ActionOnFailure, *s.ExecutionRoleArn, *s.Id == out.StepIds[0], ids.MatchString(*s.Id)),
					fmt.Sprintf("%s %s %s %s", *s.Config.Jar, *s.Config.MainClass, s.Config.Args, s.Config.Properties),
				}
			},
			want: []string{"jar TERMINATE_CLUSTER arn:aws:iam::000000000000:role/job true true", "s3://code/x.jar Main [a b] map[k:v]"},
		},
		{
			name: "timelines, and the details of a failure",
			do: func(w *world) []string {
				id := w.run()
				steps := w.add(id, step(completes), step(fails), step(blocks), step(completes))
				w.awaitSteps(id, "completes COMPLETED, fails FAILED, blocks RUNNING, completes PENDING")
				var all []string
				for _, s := range steps {
					s := w.step(id, s)
					t := s.Status.Timeline
					text := happened(t.CreationDateTime, t.StartDateTime, t.EndDateTime)
					if f := s.Status.FailureDetails; f != nil {
						text += " " + *f.Reason + " " + ids.ReplaceAllString(*f.LogFile, "$1-ID")
					}
					all = append(all, text)
				}
				return all
			},
			want: []string{"+++", "+++ Unknown Error. s3://logs/emr/j-ID/steps/s-ID/stderr.gz", "++-", "+--"},
		},
	})
}

// failing runs a failing step and another one until the cluster is at rest.
func failing(onFailure types.ActionOnFailure, changes ...func(*emr.RunJobFlowInput)) func(*world) []string {
	return func(w *world) []string {
		id := w.run(append(changes, withSteps(action(fails, onFailure), step(completes)))...)
		until(w.t, w.emulation, "the cluster is at rest", func() bool {
			state := w.cluster(id).Status.State
			return state == types.ClusterStateWaiting || state == types.ClusterStateTerminatedWithErrors
		})
		return []string{reason(w.cluster(id)), w.steps(id)}
	}
}

func TestListSteps(t *testing.T) {
	t.Parallel()
	names := func(steps []types.StepSummary) string {
		var all []string
		for _, s := range steps {
			all = append(all, *s.Name)
		}
		return strings.Join(all, " ")
	}
	check(t, []behaviour{
		{
			name: "newest first, by state, and by ids in their order",
			do: func(w *world) []string {
				id := w.run()
				steps := w.add(id, step(completes), step(fails), step(blocks), step(deaf))
				w.awaitSteps(id, "completes COMPLETED, fails FAILED, blocks RUNNING, deaf PENDING")
				var all []string
				for _, in := range []emr.ListStepsInput{
					{},
					{StepStates: []types.StepState{"FAILED", "PENDING"}},
					{StepStates: []types.StepState{"INTERRUPTED"}},
					{StepIds: []string{steps[1], steps[3], steps[0]}},
				} {
					in.ClusterId = &id
					out, err := w.ListSteps(w.t.Context(), &in)
					w.must(err)
					all = append(all, names(out.Steps))
				}
				return all
			},
			want: []string{"deaf blocks fails completes", "deaf fails", "", "fails deaf completes"},
		},
		{
			name: "50 a page",
			set:  settings{stuck: true},
			do: func(w *world) []string {
				var steps []types.StepConfig
				for i := range 120 {
					s := step(completes)
					s.Name = new(fmt.Sprint(i))
					steps = append(steps, s)
				}
				id := w.run(withSteps(steps...))
				var all []string
				var sizes []int
				for p := emr.NewListStepsPaginator(w, &emr.ListStepsInput{ClusterId: &id}); p.HasMorePages(); {
					page, err := p.NextPage(w.t.Context())
					w.must(err)
					sizes = append(sizes, len(page.Steps))
					all = append(all, strings.Fields(names(page.Steps))...)
				}
				return []string{fmt.Sprint(sizes), all[0], all[len(all)-1], fmt.Sprint(len(slices.Compact(all)))}
			},
			want: []string{"[50 50 20]", "119", "0", "120"},
		},
		{
			name: "at most 256 pending and running",
			set:  settings{stuck: true},
			do: func(w *world) []string {
				id := w.run(withSteps(slices.Repeat([]types.StepConfig{step(completes)}, 255)...))
				var all []string
				all = append(all, answer(w.tryAdd(id, step(completes), step(completes))), answer(w.tryAdd(id, step(completes))))
				refused := w.tryAdd(id, step(completes))
				out, err := w.ListSteps(w.t.Context(), &emr.ListStepsInput{ClusterId: &id})
				w.must(err)
				w.cancel(id, "", *out.Steps[0].Id)
				return append(all, answer(refused), answer(w.tryAdd(id, step(completes))))
			},
			want: []string{
				"ValidationException: Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded.", "ok",
				"ValidationException: Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded.", "ok",
			},
		},
	})
}

func TestCancelSteps(t *testing.T) {
	t.Parallel()
	infos := func(all []types.CancelStepsInfo) string {
		var text []string
		for _, i := range all {
			text = append(text, strings.TrimSpace(string(i.Status)+" "+ids.ReplaceAllString(aws.ToString(i.Reason), "$1-ID")))
		}
		return strings.Join(text, ", ")
	}
	check(t, []behaviour{
		{
			name: "a status for each step, and no ActionOnFailure",
			do: func(w *world) []string {
				id := w.run()
				steps := w.add(id, step(completes), action(blocks, "TERMINATE_CLUSTER"), action(blocks, "TERMINATE_CLUSTER"), step(completes))
				w.awaitSteps(id, "completes COMPLETED, blocks RUNNING, blocks PENDING, completes PENDING")
				first := infos(w.cancel(id, "SEND_INTERRUPT", steps[0], steps[1], steps[2]))
				pending := w.step(id, steps[2]).Status.State
				w.awaitSteps(id, "completes COMPLETED, blocks CANCELLED, blocks CANCELLED, completes COMPLETED")
				return []string{first, string(pending), w.await(id, "WAITING"), infos(w.cancel(id, "", steps[1]))}
			},
			want: []string{
				"FAILED Step s-ID is in state COMPLETED and can not be cancelled., SUBMITTED, SUBMITTED", "CANCELLED",
				"WAITING", "FAILED Step s-ID is in state CANCELLED and can not be cancelled.",
			},
		},
		{
			name: "SEND_INTERRUPT may be ignored, TERMINATE_PROCESS may not",
			set:  settings{late: true},
			do: func(w *world) []string {
				id := w.run()
				steps := w.add(id, step(deaf), step(completes))
				w.awaitSteps(id, "deaf RUNNING, completes PENDING")
				w.deaf(id)
				first := infos(w.cancel(id, "SEND_INTERRUPT", steps[0]))
				during := w.steps(id)
				second := infos(w.cancel(id, "TERMINATE_PROCESS", steps[0]))
				return []string{first, during, second, w.awaitSteps(id, "deaf CANCELLED, completes COMPLETED")}
			},
			want: []string{"SUBMITTED", "deaf CANCEL_PENDING, completes PENDING", "SUBMITTED", "deaf CANCELLED, completes COMPLETED"},
		},
		{
			name: "the limit of ids depends on the release",
			set:  settings{stuck: true},
			do: func(w *world) []string {
				var all []string
				for _, x := range []struct {
					release string
					n       int
				}{{"emr-7.14.0", 100}, {"emr-7.14.0", 101}, {"emr-7.13.0", 256}} {
					id := w.run(func(in *emr.RunJobFlowInput) { in.ReleaseLabel = &x.release })
					steps := w.add(id, slices.Repeat([]types.StepConfig{step(completes)}, x.n)...)
					_, err := w.CancelSteps(w.t.Context(), &emr.CancelStepsInput{ClusterId: &id, StepIds: steps})
					out, listErr := w.ListSteps(w.t.Context(), &emr.ListStepsInput{ClusterId: &id})
					w.must(listErr)
					all = append(all, answer(err)+" "+string(out.Steps[0].Status.State))
				}
				return all
			},
			want: []string{
				"ok CANCELLED",
				"InvalidRequestException: A maximum of 100 steps are allowed in each CancelSteps request. (client fault) PENDING",
				"ok CANCELLED",
			},
		},
		{
			name: "a terminating cluster",
			do: func(w *world) []string {
				id := w.run()
				steps := w.add(id, step(deaf))
				w.awaitSteps(id, "deaf RUNNING")
				w.deaf(id)
				w.must(w.terminate(id))
				info := w.cancel(id, "", steps...)
				w.await(id, "TERMINATED")
				return []string{string(info[0].Status), w.steps(id)}
			},
			want: []string{"FAILED", "deaf CANCELLED"},
		},
	})
}
