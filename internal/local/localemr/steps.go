package localemr

import (
	"context"
	"slices"

	"ephemr/internal/profile"
)

type stepInput struct {
	Name            string
	ActionOnFailure string
	HadoopJarStep   jarStepInput
}

type jarStepInput struct {
	Properties []keyValue
	Jar        string
	MainClass  string `json:",omitempty"`
	Args       []string
}

type keyValue struct{ Key, Value string }

// newSteps returns the PENDING steps of a request.
func newSteps(in []stepInput, role string) []*stepShape {
	steps := make([]*stepShape, len(in))
	for i, st := range in {
		properties := map[string]string{}
		for _, p := range st.HadoopJarStep.Properties {
			properties[p.Key] = p.Value
		}
		steps[i] = &stepShape{
			ID: newID("s-"), Name: st.Name, ActionOnFailure: st.ActionOnFailure, ExecutionRoleArn: role,
			Config: stepConfig{
				Jar: st.HadoopJarStep.Jar, MainClass: st.HadoopJarStep.MainClass,
				Args: append([]string{}, st.HadoopJarStep.Args...), Properties: properties,
			},
			Status: stepStatus{State: statePending, Timeline: stepTimeline{CreationDateTime: now()}},
		}
		setDefault(&steps[i].ActionOnFailure, actionTerminate)
	}
	return steps
}

type addJobFlowStepsInput struct {
	JobFlowID        string `json:"JobFlowId"`
	Steps            []stepInput
	ExecutionRoleArn string
}

type addJobFlowStepsOutput struct {
	StepIDs []string `json:"StepIds"`
}

func (s *Server) addJobFlowSteps(ctx context.Context, in *addJobFlowStepsInput) (*addJobFlowStepsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.checkAddSteps(in)
	if err != nil {
		return nil, err
	}
	out := &addJobFlowStepsOutput{StepIDs: []string{}}
	steps := newSteps(in.Steps, in.ExecutionRoleArn)
	c.Steps = append(c.Steps, steps...)
	s.save(ctx, c)
	for _, st := range steps {
		out.StepIDs = append(out.StepIDs, st.ID)
		s.sendStepEvent(c, st)
	}
	c.notify()
	return out, nil
}

func (s *Server) checkAddSteps(in *addJobFlowStepsInput) (*record, error) {
	c := s.clusters[in.JobFlowID]
	switch {
	case c == nil:
		return nil, validation("%s", textUnknownJobFlow)
	case c.isEnding():
		return nil, validation("%s", textNotModifiable)
	case len(in.Steps) == 0:
		return nil, validation("At least one step must be specified.")
	case c.countSteps((*stepShape).active)+len(in.Steps) > maxActiveSteps:
		return nil, validation("%s", textTooManySteps)
	}
	if err := validateRuntimeRole(in.ExecutionRoleArn, c.RuntimeRoles); err != nil {
		return nil, err
	}
	return c, validateSteps(in.Steps, c.Cluster.StepConcurrencyLevel)
}

type describeStepInput struct {
	ClusterID string `json:"ClusterId"`
	StepID    string `json:"StepId"`
}

type describeStepOutput struct{ Step stepShape }

func (s *Server) describeStep(_ context.Context, in *describeStepInput) (*describeStepOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	st := c.step(in.StepID)
	if st == nil {
		return nil, unknownStep(in.StepID)
	}
	return &describeStepOutput{Step: *st}, nil
}

func unknownStep(id string) error { return invalid("", "Step id '%s' is not valid.", id) }

type listStepsInput struct {
	ClusterID  string `json:"ClusterId"`
	StepStates []string
	StepIDs    []string `json:"StepIds"`
	Marker     string
}

type listStepsOutput struct {
	Steps  []stepShape
	Marker string `json:",omitempty"`
}

func (in *listStepsInput) validate() error {
	switch {
	case len(in.StepIDs) > 0 && len(in.StepStates) > 0:
		return invalid("", "Cannot specify both StepIds and StepStates.")
	case len(in.StepIDs) > maxStepFilter:
		return invalid("", "You can specify at most %d step ids in a request.", maxStepFilter)
	}
	return nil
}

func (in *listStepsInput) wants(st *stepShape) bool {
	return len(in.StepStates) == 0 || slices.Contains(in.StepStates, st.Status.State)
}

func (s *Server) listSteps(_ context.Context, in *listStepsInput) (*listStepsOutput, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	steps := newestFirst(c.Steps)
	if len(in.StepIDs) > 0 {
		if steps, err = c.pick(in.StepIDs); err != nil {
			return nil, err
		}
	}
	steps, marker, err := page(steps, func(st *stepShape) string { return st.ID }, in.wants, in.Marker)
	if err != nil {
		return nil, err
	}
	out := &listStepsOutput{Steps: []stepShape{}, Marker: marker}
	for _, st := range steps {
		out.Steps = append(out.Steps, *st)
	}
	return out, nil
}

// pick returns steps in the order of ids.
func (c *record) pick(ids []string) ([]*stepShape, error) {
	steps := make([]*stepShape, len(ids))
	for i, id := range ids {
		if steps[i] = c.step(id); steps[i] == nil {
			return nil, unknownStep(id)
		}
	}
	return steps, nil
}

type cancelStepsInput struct {
	ClusterID              string   `json:"ClusterId"`
	StepIDs                []string `json:"StepIds"`
	StepCancellationOption string
}

// maxCancelled is how many steps of c one call cancels.
func (c *record) maxCancelled() int {
	if profile.ReleaseAtLeast(c.Cluster.ReleaseLabel, 7, 14, 0) {
		return 100
	}
	return 256
}

type cancelStepsOutput struct{ CancelStepsInfoList []cancelInfo }

type cancelInfo struct {
	StepID string `json:"StepId"`
	Status string
	Reason string `json:",omitempty"`
}

func (s *Server) cancelSteps(ctx context.Context, in *cancelStepsInput) (*cancelStepsOutput, error) {
	signal := sigTerm
	if in.StepCancellationOption == "TERMINATE_PROCESS" {
		signal = sigKill
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	if n := len(in.StepIDs); n == 0 || n > c.maxCancelled() {
		return nil, invalid("", "A maximum of %d steps are allowed in each CancelSteps request.", c.maxCancelled())
	}
	steps, err := c.pick(in.StepIDs)
	if err != nil {
		return nil, err
	}
	out := &cancelStepsOutput{CancelStepsInfoList: []cancelInfo{}}
	for _, st := range steps {
		info := cancelInfo{StepID: st.ID, Status: "SUBMITTED"}
		if !st.active() || c.isEnding() {
			info.Status, info.Reason = "FAILED", "Step "+st.ID+" is in state "+st.Status.State+" and can not be cancelled."
		}
		out.CancelStepsInfoList = append(out.CancelStepsInfoList, info)
		if info.Status == "SUBMITTED" {
			s.cancelStep(ctx, c, st, signal)
		}
	}
	c.notify()
	return out, nil
}
