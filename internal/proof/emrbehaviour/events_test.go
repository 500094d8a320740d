package emrbehaviour_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// sent waits for n events of a type and formats them without their messages,
// which must not be parsed.
func (w *world) sent(detailType string, n int) []string {
	w.t.Helper()
	until(w.t, w.emulation, "all events are sent", func() bool { return len(w.events.of(detailType)) >= n })
	var all []string
	for _, d := range w.events.of(detailType) {
		text := d["state"] + " " + d["severity"] + " " + d["name"] + " " + d["clusterId"]
		for _, key := range []string{"stepId", "actionOnFailure", "stateChangeReason", "eventCode", "instanceFleetType"} {
			if d[key] != "" {
				text += " " + d[key]
			}
		}
		all = append(all, ids.ReplaceAllString(text, "$1-ID"))
	}
	return all
}

func TestEvents(t *testing.T) {
	t.Parallel()
	const clusters, steps, capacity = "EMR Cluster State Change", "EMR Step Status Change", "EMR Instance Fleet Provisioning"
	check(t, []behaviour{
		{
			name: "of a cluster",
			do: func(w *world) []string {
				id := w.run(withSteps(step(completes)))
				w.await(id, "WAITING")
				w.must(w.terminate(id))
				w.await(id, "TERMINATED")
				return w.sent(clusters, 4)
			},
			want: []string{
				`STARTING INFO nightly j-ID {"code":"","message":""}`,
				`RUNNING INFO nightly j-ID {"code":"","message":"Running step"}`,
				`WAITING INFO nightly j-ID {"code":"","message":"Cluster ready after last step completed."}`,
				`TERMINATED INFO nightly j-ID {"code":"USER_REQUEST","message":"Terminated by user request"}`,
			},
		},
		{
			name: "of a cluster that ends with errors",
			do: func(w *world) []string {
				id := w.run(withSteps(action(fails, "TERMINATE_CLUSTER")))
				w.await(id, "TERMINATED_WITH_ERRORS")
				return w.sent(clusters, 3)[2:]
			},
			want: []string{`TERMINATED_WITH_ERRORS CRITICAL nightly j-ID {"code":"STEP_FAILURE","message":"Shut down as step failed"}`},
		},
		{
			name: "of steps",
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				one := w.add(id, step(completes))
				w.awaitSteps(id, "completes COMPLETED")
				w.sent(steps, 3)
				w.add(id, step(fails))
				w.awaitSteps(id, "completes COMPLETED, fails FAILED")
				w.sent(steps, 6)
				two := w.add(id, step(blocks))
				w.awaitSteps(id, "completes COMPLETED, fails FAILED, blocks RUNNING")
				w.sent(steps, 8)
				w.cancel(id, "", append(two, one...)...)
				w.awaitSteps(id, "completes COMPLETED, fails FAILED, blocks CANCELLED")
				all := w.sent(steps, 10)
				for part := range slices.Chunk(all[:9], 3) {
					slices.Sort(part[:2]) // PENDING and RUNNING may be sent at the same moment
				}
				return all
			},
			want: []string{
				"PENDING INFO completes j-ID s-ID CONTINUE", "RUNNING INFO completes j-ID s-ID CONTINUE", "COMPLETED INFO completes j-ID s-ID CONTINUE",
				"PENDING INFO fails j-ID s-ID CONTINUE", "RUNNING INFO fails j-ID s-ID CONTINUE", "FAILED ERROR fails j-ID s-ID CONTINUE",
				"PENDING INFO blocks j-ID s-ID CONTINUE", "RUNNING INFO blocks j-ID s-ID CONTINUE", "CANCEL_PENDING WARN blocks j-ID s-ID CONTINUE",
				"CANCELLED WARN blocks j-ID s-ID CONTINUE",
			},
		},
		{
			name: "of a fleet without capacity",
			do: func(w *world) []string {
				w.run(func(in *emr.RunJobFlowInput) {
					core := &in.Instances.InstanceFleets[1]
					*core = fleet(types.InstanceFleetTypeCore, 0, 1)
					core.InstanceTypeConfigs[0].InstanceType = new(scarce)
				})
				return w.sent(capacity, 1)
			},
			want: []string{"CREATING WARN nightly j-ID EC2 provisioning - Insufficient Instance Capacity CORE"},
		},
		{
			name: "of a primary without capacity, again and again",
			do: func(w *world) []string {
				w.run(func(in *emr.RunJobFlowInput) {
					in.Instances.InstanceFleets[0].InstanceTypeConfigs[0].InstanceType = new(scarce)
				})
				return w.sent(capacity, 2)[:2]
			},
			want: []string{
				"CREATING WARN nightly j-ID EC2 provisioning - Insufficient Instance Capacity MASTER",
				"CREATING WARN nightly j-ID EC2 provisioning - Insufficient Instance Capacity MASTER",
			},
		},
	})
}
