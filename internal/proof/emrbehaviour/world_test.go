package emrbehaviour_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"

	"ephemr/internal/proof/awsfake"
)

// counter counts the calls of all tests, by operation.
type counter struct {
	mu    sync.Mutex
	calls map[string]int
}

var calls = counter{calls: map[string]int{}}

func (c *counter) add(more map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for op, n := range more {
		c.calls[op] += n
	}
}

// TestMain fails when an operation of the fake is in no table.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if all := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""; all && code == 0 {
		for _, op := range awsfake.EMROperations() {
			if calls.calls[op] == 0 {
				fmt.Printf("no behaviour of operation %s is tested\n", op)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// world is one emulation in one test.
type world struct {
	*emulation
	t *testing.T
}

func newWorld(t *testing.T, e *emulation) *world {
	t.Helper()
	return &world{emulation: e, t: t}
}

func fleet(kind types.InstanceFleetType, onDemand, spot int32) types.InstanceFleetConfig {
	return types.InstanceFleetConfig{
		InstanceFleetType: kind, TargetOnDemandCapacity: &onDemand, TargetSpotCapacity: &spot,
		InstanceTypeConfigs: []types.InstanceTypeConfig{{InstanceType: new("m5.xlarge")}},
	}
}

// request is a cluster of a primary and a core unit that is kept alive.
func request(changes ...func(*emr.RunJobFlowInput)) *emr.RunJobFlowInput {
	in := &emr.RunJobFlowInput{
		Name: new("nightly"), ReleaseLabel: new("emr-7.14.0"), LogUri: new("s3://logs/emr/"),
		ServiceRole: new("service"), JobFlowRole: new("instances"),
		Instances: &types.JobFlowInstancesConfig{
			KeepJobFlowAliveWhenNoSteps: new(true),
			InstanceFleets:              []types.InstanceFleetConfig{fleet(types.InstanceFleetTypeMaster, 1, 0), fleet(types.InstanceFleetTypeCore, 1, 0)},
		},
	}
	for _, change := range changes {
		change(in)
	}
	return in
}

func transient(in *emr.RunJobFlowInput) { in.Instances.KeepJobFlowAliveWhenNoSteps = new(false) }

func protected(in *emr.RunJobFlowInput) { in.Instances.TerminationProtected = new(true) }

func withSteps(steps ...types.StepConfig) func(*emr.RunJobFlowInput) {
	return func(in *emr.RunJobFlowInput) { in.Steps = steps }
}

func atOnce(n int32) func(*emr.RunJobFlowInput) {
	return func(in *emr.RunJobFlowInput) { in.StepConcurrencyLevel = &n }
}

func idle(seconds int64) func(*emr.RunJobFlowInput) {
	return func(in *emr.RunJobFlowInput) {
		in.AutoTerminationPolicy = &types.AutoTerminationPolicy{IdleTimeout: &seconds}
	}
}

// step is one that both emulations run as its name says.
func step(name string) types.StepConfig { return action(name, types.ActionOnFailureContinue) }

func action(name string, onFailure types.ActionOnFailure) types.StepConfig {
	return types.StepConfig{
		Name: &name, ActionOnFailure: onFailure,
		HadoopJarStep: &types.HadoopJarStepConfig{Jar: new("command-runner.jar"), Args: []string{"bash", "-c", scripts[name]}},
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) run(changes ...func(*emr.RunJobFlowInput)) string {
	w.t.Helper()
	out, err := w.RunJobFlow(w.t.Context(), request(changes...))
	w.must(err)
	return *out.JobFlowId
}

func (w *world) add(id string, steps ...types.StepConfig) []string {
	w.t.Helper()
	out, err := w.AddJobFlowSteps(w.t.Context(), &emr.AddJobFlowStepsInput{JobFlowId: &id, Steps: steps})
	w.must(err)
	return out.StepIds
}

func (w *world) tryAdd(id string, steps ...types.StepConfig) error {
	_, err := w.AddJobFlowSteps(w.t.Context(), &emr.AddJobFlowStepsInput{JobFlowId: &id, Steps: steps})
	return err
}

func (w *world) terminate(ids ...string) error {
	_, err := w.TerminateJobFlows(w.t.Context(), &emr.TerminateJobFlowsInput{JobFlowIds: ids})
	return err
}

func (w *world) unprotect(id string) error {
	_, err := w.SetTerminationProtection(w.t.Context(), &emr.SetTerminationProtectionInput{JobFlowIds: []string{id}, TerminationProtected: new(false)})
	return err
}

func (w *world) cancel(id string, how types.StepCancellationOption, steps ...string) []types.CancelStepsInfo {
	w.t.Helper()
	out, err := w.CancelSteps(w.t.Context(), &emr.CancelStepsInput{ClusterId: &id, StepIds: steps, StepCancellationOption: how})
	w.must(err)
	return out.CancelStepsInfoList
}

func (w *world) cluster(id string) *types.Cluster {
	w.t.Helper()
	out, err := w.DescribeCluster(w.t.Context(), &emr.DescribeClusterInput{ClusterId: &id})
	w.must(err)
	return out.Cluster
}

func (w *world) step(cluster, id string) *types.Step {
	w.t.Helper()
	out, err := w.DescribeStep(w.t.Context(), &emr.DescribeStepInput{ClusterId: &cluster, StepId: &id})
	w.must(err)
	return out.Step
}

// steps formats the steps of a cluster, oldest first, as "name STATE".
func (w *world) steps(id string) string {
	w.t.Helper()
	out, err := w.ListSteps(w.t.Context(), &emr.ListStepsInput{ClusterId: &id})
	w.must(err)
	var all []string
	for _, s := range slices.Backward(out.Steps) {
		all = append(all, *s.Name+" "+string(s.Status.State))
	}
	return strings.Join(all, ", ")
}

// await waits for a state of a cluster and formats it with its reason.
func (w *world) await(id string, state types.ClusterState) string {
	w.t.Helper()
	var c *types.Cluster
	until(w.t, w.emulation, "the cluster is "+string(state), func() bool {
		c = w.cluster(id)
		return c.Status.State == state
	})
	return strings.TrimSpace(string(state) + " " + string(c.Status.StateChangeReason.Code))
}

func (w *world) awaitSteps(id, want string) string {
	w.t.Helper()
	until(w.t, w.emulation, "the steps are "+want, func() bool { return w.steps(id) == want })
	return want
}

// passes polls a cluster until the last of some states. Polling may miss states,
// but must not see another state or order.
func (w *world) passes(id string, states ...types.ClusterState) {
	w.t.Helper()
	at := 0
	until(w.t, w.emulation, fmt.Sprintf("the cluster has passed %v", states), func() bool {
		state := w.cluster(id).Status.State
		i := slices.Index(states, state)
		if i < at {
			w.t.Fatalf("the cluster is %s after %s; want %v", state, states[at], states)
		}
		at = i
		return at == len(states)-1
	})
}

var ids = regexp.MustCompile(`\b(j|s|if)-[0-9A-Z]{13}\b`)

// answer formats an error as "Code: message", without generated ids.
func answer(err error) string {
	if err == nil {
		return "ok"
	}
	if bad, ok := errors.AsType[smithy.InvalidParamsError](err); ok {
		return "client: " + strings.Join(strings.Fields(bad.Error()), " ")
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err.Error()
	}
	text := strings.TrimSuffix(api.ErrorCode()+": "+api.ErrorMessage(), ": ")
	if fault := api.ErrorFault(); fault != smithy.FaultUnknown {
		text += " (" + fault.String() + " fault)" // the SDK knows it of modelled errors only
	}
	return ids.ReplaceAllString(text, "$1-ID")
}

// reason formats the state of a cluster and its reason.
func reason(c *types.Cluster) string {
	why := c.Status.StateChangeReason
	return fmt.Sprintf("%s: %s: %s", c.Status.State, why.Code, aws.ToString(why.Message))
}

// happened says which times of a timeline are set.
func happened(times ...*time.Time) string {
	text := ""
	for _, t := range times {
		if t == nil {
			text += "-"
		} else {
			text += "+"
		}
	}
	return text
}
