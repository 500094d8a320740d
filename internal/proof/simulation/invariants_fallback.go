package simulation

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// try is a run's newest attempt to get a cluster.
type try struct {
	last  bool // no fallback is left
	short bool // EMR has reported that EC2 lacks instances
}

// attempt checks a change of an attempt to get a cluster, whose state EMR knows.
func (c *checker) attempt(id string, now awsfake.Item, state emrtypes.ClusterState) {
	leased, _ := now["leased"].(*types.AttributeValueMemberBOOL)
	t := try{last: number(now["rung"])+1 >= number(now["rungs"]), short: text(now["shortage"]) != ""}
	c.tries[id] = t
	failed := text(now["state"]) == string(run.ClusterFailed) && text(now["class"]) == string(job.ClassTimeout)
	late := !c.ends[id].IsZero() && time.Now().After(c.ends[id]) // the run is over, with or without a fallback
	if failed && !late && !t.last && (leased == nil || !leased.Value) && state == emrtypes.ClusterStateStarting {
		c.fail(NextFallback, "run %s gave up its cluster %s, which has no instances, with a fallback left", id, text(now["clusterId"]))
	}
}

// stateOf is the state of a cluster in EMR, or "".
func (c *checker) stateOf(id string) emrtypes.ClusterState {
	for _, x := range c.w.EMR.Clusters() {
		if *x.Id == id {
			return x.Status.State
		}
	}
	return ""
}
