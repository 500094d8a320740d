package awsfake

import (
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// Detail types of EMR's events.
const (
	ClusterStateChange = "EMR Cluster State Change"
	StepStatusChange   = "EMR Step Status Change"
	FleetProvisioning  = "EMR Instance Fleet Provisioning"
)

func (f *EMR) clusterEvent(c *emrCluster) {
	severity := "INFO"
	switch c.state {
	case types.ClusterStateBootstrapping, types.ClusterStateTerminating:
		return // EMR sends none
	case types.ClusterStateTerminatedWithErrors:
		severity = "CRITICAL"
	case types.ClusterStateStarting, types.ClusterStateRunning, types.ClusterStateWaiting, types.ClusterStateTerminated:
	}
	reason := mustJSON(map[string]string{"code": string(c.code), "message": c.message})
	f.event(ClusterStateChange, map[string]string{
		"severity": severity, "stateChangeReason": string(reason), "name": c.name, "clusterId": c.id, "state": string(c.state),
		"message": "Amazon EMR cluster " + c.id + " (" + c.name + ") is now " + string(c.state),
	})
}

func (f *EMR) stepEvent(c *emrCluster, s *emrStep) {
	severity := "INFO"
	switch s.state {
	case types.StepStateInterrupted:
		return // EMR sends none
	case types.StepStateFailed:
		severity = "ERROR"
	case types.StepStateCancelPending, types.StepStateCancelled:
		severity = "WARN"
	case types.StepStatePending, types.StepStateRunning, types.StepStateCompleted:
	}
	f.event(StepStatusChange, map[string]string{
		"severity": severity, "actionOnFailure": string(s.in.ActionOnFailure), "stepId": s.id, "name": s.name, "clusterId": c.id, "state": string(s.state),
		"message": "Step " + s.id + " (" + s.name + ") in Amazon EMR cluster " + c.id + " (" + c.name + ") is now " + string(s.state),
	})
}

func (f *EMR) fleetEvent(c *emrCluster, u *emrUnit) {
	f.event(FleetProvisioning, map[string]string{
		"severity": "WARN", "clusterId": c.id, "name": c.name, "state": "CREATING", "instanceFleetId": u.id, "instanceFleetType": string(u.kind),
		"eventCode": "EC2 provisioning - Insufficient Instance Capacity",
		"message": "We are not able to create your Amazon EMR cluster " + c.id + " (" + c.name + ") for Instance Fleet " + u.id +
			": Amazon EC2 has " + shortage(u.fleet, aws.ToInt32(u.fleet.TargetSpotCapacity) > 0),
	})
}

// event delivers copies of an event as the configuration says.
func (f *EMR) event(detailType string, detail map[string]string) {
	if f.config.OnEvent == nil || f.closed {
		return
	}
	delays := []time.Duration{0}
	if f.config.EventDelays != nil {
		delays = f.config.EventDelays(detailType)
	}
	raw := mustJSON(detail)
	for _, d := range delays {
		f.later(d, func() { go f.config.OnEvent(detailType, raw) })
	}
}

func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // only called with maps of strings
	}
	return raw
}
