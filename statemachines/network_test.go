package statemachines_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// put stores the network of the stage.
func put(t *testing.T, w *simulation.World, value string) {
	t.Helper()
	if _, err := w.SSM.PutParameter(t.Context(), &ssm.PutParameterInput{Name: new(stage.NetworkParameter("test")), Value: &value, Overwrite: new(true)}); err != nil {
		t.Fatal(err)
	}
}

const groups = `,"primary":"sg-1","core":"sg-2","serviceAccess":"sg-3"}`

// inNetwork is a stage with a network, and with profiles with and without subnets.
func inNetwork() simulation.Config {
	in := profile.Profile{
		Release: "emr-7.14.0", Applications: []string{"Spark"}, IdleTimeout: pipeline.Duration(3600e9), Primary: profile.Fleet{Types: []string{"m5.xlarge"}, OnDemand: 1},
		Subnets: []string{"subnet-2"},
	}
	return simulation.Config{Settings: func(s *stage.Settings) { s.Network = true }, Profiles: map[string]profile.Profile{"chosen": in}}
}

// Clusters start in the stage's network without being told, or in those of its subnets that the
// profile names.
func TestNetwork(t *testing.T) {
	t.Parallel()
	inWorld(t, inNetwork(), func(t *testing.T, w *simulation.World) {
		put(t, w, `{"vpc":"vpc-1","subnets":["subnet-1","subnet-2"]`+groups)
		w.Apply(pooled("one", nightly, ""))
		w.Apply(strings.Replace(pooled("two", "stepConcurrency: 1", ""), "small", "chosen", 1))
		succeeded(t, w, asks(t, w, "one", "two")...)
		var got []string
		for _, c := range w.EMR.Clusters() {
			got = append(got, network(c.Ec2InstanceAttributes))
		}
		want := []string{"subnet-1 subnet-2: sg-1 sg-2 sg-3", "subnet-2: sg-1 sg-2 sg-3"}
		if got[0] != want[0] {
			got[0], got[1] = got[1], got[0] // both were created at once
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		clean(t, w)
	})
}

func network(in *types.Ec2InstanceAttributes) string {
	return strings.Join(in.RequestedEc2SubnetIds, " ") + ": " + *in.EmrManagedMasterSecurityGroup + " " + *in.EmrManagedSlaveSecurityGroup + " " + *in.ServiceAccessSecurityGroup
}

// A pool's cluster in a network that has changed is not leased any more.
func TestChangedNetwork(t *testing.T) {
	t.Parallel()
	inWorld(t, inNetwork(), func(t *testing.T, w *simulation.World) {
		put(t, w, `{"vpc":"vpc-1","subnets":["subnet-1"]`+groups)
		w.Apply(pooled("one", nightly, ""))
		first := succeeded(t, w, asks(t, w, "one")...)
		again := succeeded(t, w, asks(t, w, "one")...)
		put(t, w, `{"vpc":"vpc-2","subnets":["subnet-9"]`+groups)
		later := succeeded(t, w, asks(t, w, "one")...)
		if first[0] != again[0] || again[0] == later[0] {
			t.Errorf("clusters %s, %s; after the change %s", first, again, later)
		}
		clean(t, w)
	})
}

// What CreateCluster cannot read ends the run before it costs anything.
func TestBrokenNetwork(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"no subnets": `{"vpc":"vpc-1","subnets":[]` + groups, "deleted": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, inNetwork(), func(t *testing.T, w *simulation.World) {
				if value != "" {
					put(t, w, value)
				}
				w.Apply(pooled("one", nightly, ""))
				rec := w.Wait(asks(t, w, "one")[0])
				if rec.Run.State != run.Failed || rec.Run.Class != job.ClassInvalid || len(w.EMR.Clusters()) > 0 {
					t.Errorf("%s %s: %s; %d clusters", rec.Run.State, rec.Run.Class, rec.Run.Reason, len(w.EMR.Clusters()))
				}
			})
		})
	}
}
