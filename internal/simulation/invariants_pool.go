package simulation

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/awsfake"
	"ephemr/internal/pool"
	"ephemr/internal/run"
)

// leases looks at a change of a pool's cluster.
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
		if team := c.team(run.OfCluster(holder)); team != after.Team {
			c.fail(Leases, "%s of team %s leases cluster %s of team %s", holder, team, id, after.Team)
		}
		if before.State != pool.Ready || !before.Until.After(time.Now().Truncate(time.Second)) {
			c.fail(Leases, "%s leases cluster %s, which is %s until %s", holder, id, before.State, before.Until)
		}
	}
	if after.Free < 0 || sum != after.Steps {
		c.fail(Leases, "of the %d steps of cluster %s %d are free and %v leased", after.Steps, id, after.Free, after.Leases)
	}
}

func (c *checker) team(runID string) string {
	if spec := c.specs[c.of[runID]]; spec != nil && spec.Team != "" {
		return spec.Team
	}
	return run.NoTeam
}

// leased looks whether the steps that a pool's cluster has to do are within the
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
