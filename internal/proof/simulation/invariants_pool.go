package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/pool"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// leases checks a change of a pool's cluster.
func (c *checker) leases(id string, now awsfake.Item) {
	var after pool.Cluster
	if err := attributevalue.UnmarshalMap(now, &after); err != nil {
		panic(fmt.Sprintf("read pool cluster: %v", err))
	}
	before, known := c.pools[id]
	c.pools[id] = after
	sum := after.Free
	for _, holder := range after.Holders() {
		sum += after.Leases[holder]
		if !known || before.Leases[holder] > 0 {
			continue
		}
		c.warm++
		if _, owner := c.owner(run.OfCluster(holder)); owner != after.Team {
			c.fail(Leases, "%s of %s leases cluster %s of %s", holder, owner, id, after.Team)
		}
		// The function looked at its clock before the call, which has taken a moment.
		if before.State != pool.Ready || !before.Until.After(time.Now().Add(-time.Second).Truncate(time.Second)) {
			c.fail(Leases, "%s leases cluster %s, which is %s until %s", holder, id, before.State, before.Until)
		}
	}
	if after.Free < 0 || sum != after.Steps {
		c.fail(Leases, "of the %d steps of cluster %s %d are free and %v leased", after.Steps, id, after.Free, after.Leases)
	}
}

// given checks the leases of a pool's cluster that end: what they leave at work must
// not meet the next lease. The caller does not hold the lock.
func (c *checker) given(old, now awsfake.Item) {
	id, left := text(now["pk"]), holders(now)
	for _, holder := range holders(old) {
		if slices.Contains(left, holder) || text(now["state"]) != string(pool.Ready) || !c.isLive(id) {
			continue
		}
		runners, applications := c.w.atWork(text(now["name"]), holder)
		c.mu.Lock()
		for _, step := range runners {
			c.fail(NoRunner, "cluster %s can be leased while the runner of %s is at work there", id, step)
		}
		for _, step := range applications {
			c.fail(NoApplication, "cluster %s can be leased while the YARN application of %s is running there", id, step)
		}
		c.mu.Unlock()
	}
}

// givenBack reports whether a run has no lease on a pool's cluster, as after it waited for
// approval: the cluster is the pool's to lend and to end. The caller holds the lock.
func (c *checker) givenBack(id, runID string) bool {
	m, ok := c.pools[id]
	return ok && !slices.ContainsFunc(m.Holders(), func(h string) bool { return run.OfCluster(h) == runID })
}

// isLive says whether EMR has not begun to end a cluster.
func (c *checker) isLive(id string) bool {
	return slices.ContainsFunc(c.w.EMR.Clusters(), func(x emrtypes.Cluster) bool { return *x.Id == id && live(x) })
}

// taskUnits is how many task units EMR is to give a cluster that lives. The
// caller does not hold the lock.
func (c *checker) taskUnits(id string) (n int) {
	for _, x := range c.w.EMR.Clusters() {
		if *x.Id != id || !live(x) {
			continue
		}
		for _, f := range c.w.EMR.Fleets(id) {
			if f.InstanceFleetType == emrtypes.InstanceFleetTypeTask {
				n += int(aws.ToInt32(f.TargetOnDemandCapacity) + aws.ToInt32(f.TargetSpotCapacity))
			}
		}
	}
	return n
}

// size checks whether a pool's cluster that can be leased, and is not,
// has the size that it was made with: without task units.
func (c *checker) size(id string, units int) {
	if m := c.pools[id]; m.State == pool.Ready && m.Empty() && units > 0 {
		c.fail(RightSize, "cluster %s has no lease, but %d task units", id, units)
	}
}

// sizes checks all clusters when EMR was asked for another size.
func (c *checker) sizes() {
	units := map[string]int{}
	for _, x := range c.w.EMR.Clusters() {
		units[*x.Id] = c.taskUnits(*x.Id)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resized++
	for id, n := range units {
		c.size(id, n)
	}
}

func (c *checker) team(runID string) string {
	if spec := c.specs[c.of[runID]]; spec != nil && spec.Team != "" {
		return spec.Team
	}
	return run.NoTeam
}

// leased checks whether the steps that a pool's cluster has to do are within the
// leases. Those that are being cancelled do not count any more.
func (c *checker) leased(id string, steps []emrtypes.Step) {
	m, ok := c.pools[id]
	if !ok {
		return
	}
	busy := map[string]int{}
	for _, s := range steps {
		if s.Status.State == emrtypes.StepStatePending || s.Status.State == emrtypes.StepStateRunning {
			holder, _, _ := strings.Cut(aws.ToString(s.Name), ":")
			if busy[holder]++; busy[holder] == m.Leases[holder]+1 {
				c.fail(Leases, "step %s on cluster %s is more than the %d that its run has leased", aws.ToString(s.Name), id, m.Leases[holder])
			}
		}
	}
}
