package config_test

import (
	"testing"
	"time"

	"ephemr/infra/config"
	"ephemr/internal/checkdata"
	"ephemr/internal/outbox"
	"ephemr/internal/run"
)

// margin is for clocks that differ, and for the time that Lambda takes to end an invocation.
const margin = 5 * time.Second

// An invocation leaves an intent alone that is younger than run.Lease, and takes over an older one: the invocation that
// wrote it must have ended by then. If it could still be running, both would create a cluster or submit a step.
func TestLeaseOutlivesFunctions(t *testing.T) {
	t.Parallel()
	for _, f := range config.Functions() {
		if f.NoIntents {
			continue
		}
		if f.Timeout+margin > run.Lease {
			t.Errorf("%s may run for %s, and run.Lease is %s: less than %s longer", f.Name, f.Timeout, run.Lease, margin)
		}
	}
}

// Else two invocations send the same message.
func TestClaimOutlivesNotify(t *testing.T) {
	t.Parallel()
	if f := config.FunctionNamed("Notify"); f.Timeout+margin > outbox.Claim {
		t.Errorf("%s may run for %s, and outbox.Claim is %s", f.Name, f.Timeout, outbox.Claim)
	}
}

// Most of the invocation is for reading, and what is left suffices to record what was read.
func TestCheckDataReserve(t *testing.T) {
	t.Parallel()
	f := config.FunctionNamed("CheckData")
	if checkdata.Reserve < 30*time.Second || f.Timeout < 4*checkdata.Reserve {
		t.Errorf("%s may run for %s, of which %s are for records", f.Name, f.Timeout, checkdata.Reserve)
	}
}

// Lambda's limits.
func TestFunctions(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, f := range config.Functions() {
		if f.Name == "" || names[f.Folder()] {
			t.Errorf("a function has no name, or the name %q of another", f.Name)
		}
		names[f.Folder()] = true
		if f.Timeout < time.Second || f.Timeout > 15*time.Minute || f.Timeout%time.Second != 0 {
			t.Errorf("%s: timeout %s is not whole seconds up to 15 minutes", f.Name, f.Timeout)
		}
		if f.MemoryMiB < 128 || f.MemoryMiB > 10240 {
			t.Errorf("%s: memory %d MiB is not 128 to 10240", f.Name, f.MemoryMiB)
		}
	}
	if len(names) == 0 {
		t.Error("there are no functions")
	}
}
