package localemr

import (
	"slices"
	"time"
)

// Cluster states.
const (
	stateStarting      = "STARTING"
	stateBootstrapping = "BOOTSTRAPPING"
	stateRunning       = "RUNNING"
	stateWaiting       = "WAITING"
	stateTerminating   = "TERMINATING"
	stateTerminated    = "TERMINATED"
	stateWithErrors    = "TERMINATED_WITH_ERRORS"
)

// Step states; RUNNING is shared with clusters.
const (
	statePending       = "PENDING"
	stateCancelPending = "CANCEL_PENDING"
	stateCompleted     = "COMPLETED"
	stateCancelled     = "CANCELLED"
	stateFailed        = "FAILED"
	stateInterrupted   = "INTERRUPTED"
)

// Instance, group and fleet states that the cluster does not share.
const (
	stateProvisioning = "PROVISIONING"
	stateResizing     = "RESIZING"
	stateSuspended    = "SUSPENDED" // a fleet whose resize could not be completed
)

// Codes of a cluster's StateChangeReason.
const (
	codeInternal         = "INTERNAL_ERROR"
	codeValidation       = "VALIDATION_ERROR"
	codeInstanceFailure  = "INSTANCE_FAILURE"
	codeFleetTimeout     = "INSTANCE_FLEET_TIMEOUT"
	codeBootstrapFailure = "BOOTSTRAP_FAILURE"
	codeUserRequest      = "USER_REQUEST"
	codeStepFailure      = "STEP_FAILURE"
	codeAllDone          = "ALL_STEPS_COMPLETED"
)

// record is all state of one cluster. The exported fields are saved in the state
// directory; all fields are guarded by Server.mu.
type record struct {
	Number          int // counts the clusters of the server from 1: creation times can be equal
	Cluster         clusterShape
	Steps           []*stepShape // oldest first
	Bootstraps      []commandShape
	Groups          []*groupShape
	Fleets          []*fleetShape
	Instances       []*instanceShape
	RuntimeRoles    bool // that the security configuration asks for, as it was at the start
	AutoTermination *autoTerminationPolicy
	ManagedScaling  *managedScalingPolicy
	Provisioned     epoch            // when STARTING ends
	Shortfall       *missingCapacity // capacity that EC2 does not have
	Ending          *ending          // why the cluster terminates, once that is decided
	IdleSince       epoch            // last known activity

	wake     chan struct{} // of the driving goroutine; capacity 1
	ended    chan struct{} // closed when Ending is set
	attempts map[string]*attempt
	token    string // with which its processes ask for keys
	keys     containerCredentials
}

// ending is why a cluster terminates; the first reason counts.
type ending struct {
	Reason  reason
	Details []errorDetail
}

func (e *ending) finalState() string {
	switch e.Reason.Code {
	case codeUserRequest, codeAllDone:
		return stateTerminated
	default:
		return stateWithErrors
	}
}

func (c *record) prepare() {
	c.wake = make(chan struct{}, 1)
	c.ended = make(chan struct{})
	c.attempts = map[string]*attempt{}
	c.token = newUUID()
	if c.Ending != nil {
		close(c.ended)
	}
}

// notify wakes the goroutine that drives c; one pending wake-up is enough.
func (c *record) notify() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *record) state() string { return c.Cluster.Status.State }

func (c *record) over() bool {
	return c.state() == stateTerminated || c.state() == stateWithErrors
}

// isEnding says whether c accepts no more changes.
func (c *record) isEnding() bool {
	return c.Ending != nil || c.over() || c.state() == stateTerminating
}

func (c *record) ready() bool { return c.state() == stateRunning || c.state() == stateWaiting }

func (c *record) step(id string) *stepShape {
	i := slices.IndexFunc(c.Steps, func(s *stepShape) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return c.Steps[i]
}

func (s *stepShape) active() bool {
	switch s.Status.State {
	case statePending, stateRunning, stateCancelPending:
		return true
	default:
		return false
	}
}

func (c *record) countSteps(match func(*stepShape) bool) int {
	n := 0
	for _, s := range c.Steps {
		if match(s) {
			n++
		}
	}
	return n
}

// primary is the instance that bootstrap actions and steps run on.
func (c *record) primary() *instanceShape {
	for _, u := range c.units() {
		if u.role != roleMaster {
			continue
		}
		for _, i := range c.Instances {
			if i.belongsTo(u.id) {
				return i
			}
		}
	}
	return &instanceShape{}
}

func (i *instanceShape) belongsTo(unit string) bool {
	return i.InstanceFleetID == unit || i.InstanceGroupID == unit
}

func (c *record) units() []unit {
	units := make([]unit, 0, len(c.Groups)+len(c.Fleets))
	for _, g := range c.Groups {
		units = append(units, unit{id: g.ID, role: g.InstanceGroupType, status: &g.Status})
	}
	for _, f := range c.Fleets {
		units = append(units, unit{id: f.ID, role: f.InstanceFleetType, status: &f.Status, fleet: true})
	}
	return units
}

func (c *record) unit(id string) unit {
	units := c.units()
	return units[slices.IndexFunc(units, func(u unit) bool { return u.id == id })]
}

// idleTimeout is how long c may wait, or 0 for ever.
func (c *record) idleTimeout(second time.Duration) time.Duration {
	if c.AutoTermination == nil {
		return 0
	}
	return time.Duration(c.AutoTermination.IdleTimeout) * second
}
