package awsproof_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ephemr/internal/proof/awsproof"
)

// Every doubt is observed by a probe, and every probe settles one.
func TestDoubtsHaveProbes(t *testing.T) {
	t.Parallel()
	probes, ids := map[string]int{}, map[string]bool{}
	for _, p := range awsproof.Probes {
		probes[p.Name] = 0
	}
	for _, d := range awsproof.Doubts {
		if _, found := probes[d.Probe]; !found {
			t.Errorf("doubt %s: no probe %s", d.ID, d.Probe)
		}
		if ids[d.ID] {
			t.Errorf("two doubts are called %s", d.ID)
		}
		if d.Question == "" || d.Assumes == "" {
			t.Errorf("doubt %s has no question or no assumption", d.ID)
		}
		probes[d.Probe]++
		ids[d.ID] = true
	}
	for name, n := range probes {
		if n == 0 {
			t.Errorf("probe %s settles nothing", name)
		}
	}
}

// All probes fit into what docs/operations.md promises.
func TestEstimate(t *testing.T) {
	t.Parallel()
	usd, took, err := awsproof.Estimate(awsproof.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if usd > 1 || took > 30*time.Minute {
		t.Errorf("all probes take %s and %.2f USD", took, usd)
	}
	some, short, err := awsproof.Estimate(awsproof.Options{Probes: []string{"query", "inspect"}})
	if err != nil || some >= usd || short >= took {
		t.Errorf("two probes take %s and %.2f USD, %v", short, some, err)
	}
	if _, _, err := awsproof.Estimate(awsproof.Options{Probes: []string{"idel"}}); err == nil || !strings.Contains(err.Error(), `unknown probe "idel": use one of doctor, `) {
		t.Errorf("got %v", err)
	}
}

func seen(probe string, err error, facts awsproof.Facts) awsproof.Observation {
	return awsproof.Observation{Probe: awsproof.Probe{Name: probe}, Facts: facts, Err: err}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::111122223333:role/ephemr-proof-user-proof-eu-west-1"
	tests := map[string]struct {
		doubt    string
		seen     awsproof.Observation
		want     awsproof.Verdict
		evidence string
	}{
		"not run":                        {"idle-running-step", seen("other", nil, nil), awsproof.NotSettled, "probe idle was not run"},
		"failed":                         {"idle-running-step", seen("idle", errors.New("describe cluster j-1: throttled"), nil), awsproof.NotSettled, "throttled"},
		"run failed":                     {"role-identity", seen("user", nil, awsproof.Facts{"run": "r-1", "run_state": "FAILED", "run_reason": "permission denied", "expected_role": role}), awsproof.NotSettled, "run r-1 is FAILED: permission denied"},
		"idle step ended":                {"idle-running-step", seen("idle", nil, awsproof.Facts{"step_started": "12:00:00", "step_state": "CANCELLED", "step_seconds": "112.0"}), awsproof.AsAssumed, "step_seconds: 112.0"},
		"idle step completed":            {"idle-running-step", seen("idle", nil, awsproof.Facts{"step_started": "12:00:00", "step_state": "COMPLETED"}), awsproof.Different, "COMPLETED"},
		"cluster failed before its step": {"idle-running-step", seen("idle", nil, awsproof.Facts{"step_state": "CANCELLED", "reason": "VALIDATION_ERROR: vCPU limit"}), awsproof.NotSettled, "vCPU limit"},
		"identity":                       {"role-identity", seen("user", nil, awsproof.Facts{"identity": "arn:aws:sts::111122223333:assumed-role/ephemr-proof-user-proof-eu-west-1/s", "expected_role": role}), awsproof.AsAssumed, "assumed-role"},
		"instance's identity":            {"role-identity", seen("user", nil, awsproof.Facts{"identity": "arn:aws:sts::111122223333:assumed-role/ephemr-proof-emr-instance-eu-west-1/i-1", "expected_role": role}), awsproof.Different, "emr-instance"},
		"sudo":                           {"role-sudo", seen("user", nil, awsproof.Facts{"sudo": "yes"}), awsproof.Different, "sudo: yes"},
		"no sudo":                        {"role-sudo", seen("user", nil, awsproof.Facts{"sudo": "no: sudo: a password is required"}), awsproof.AsAssumed, "password"},
		"signal not forwarded":           {"cancel-signal", seen("cancel", nil, awsproof.Facts{"above_at_start": "java(9)", "above_at_interrupt": "systemd(1)"}), awsproof.AsAssumed, "java(9)"},
		"signal forwarded":               {"cancel-signal", seen("cancel", nil, awsproof.Facts{"above_at_start": "java(9)", "above_at_interrupt": "java(9)"}), awsproof.Different, "java(9)"},
		"interrupt not seen":             {"cancel-signal", seen("cancel", nil, awsproof.Facts{"run_state": "CANCELLED"}), awsproof.NotSettled, "did not see it"},
		"details absent":                 {"details-terminating", seen("bootstrap", nil, awsproof.Facts{"details_while_terminating": "no"}), awsproof.Different, "no"},
		"terminating not seen":           {"details-terminating", seen("bootstrap", nil, awsproof.Facts{"cluster": "j-1"}), awsproof.NotSettled, "did not see it"},
		"event in time":                  {"stop-event", seen("stop", nil, awsproof.Facts{"seconds_to_end": "3.5"}), awsproof.AsAssumed, "3.5"},
		"event late":                     {"stop-event", seen("stop", nil, awsproof.Facts{"seconds_to_end": "240.0"}), awsproof.Different, "240.0"},
		"one disk":                       {"disk", seen("inspect", nil, awsproof.Facts{"disks": "/dev/nvme0n1p1 9 KiB free of 10; /dev/nvme0n1p1 9 KiB free of 10; "}), awsproof.Different, "nvme0n1p1"},
		"two disks":                      {"disk", seen("inspect", nil, awsproof.Facts{"disks": "/dev/nvme0n1p1 9 KiB free of 10; /dev/nvme1n1p2 9 KiB free of 10; "}), awsproof.AsAssumed, "nvme1n1p2"},
		"type refused":                   {"unsupported-type", seen("unsupported", nil, awsproof.Facts{"refused": "ValidationException"}), awsproof.AsAssumed, "ValidationException"},
		"type lost":                      {"unsupported-type", seen("unsupported", nil, awsproof.Facts{"class": "lost"}), awsproof.Different, "lost"},
		"type not tried at all":          {"unsupported-type", seen("unsupported", errors.New("not begun"), nil), awsproof.NotSettled, "not begun"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, f := range awsproof.Judge(false, tt.seen).Findings {
				if f.Doubt.ID == tt.doubt && (f.Verdict != tt.want || !strings.Contains(f.Evidence, tt.evidence)) {
					t.Errorf("%s: %s: %s", f.Doubt.ID, f.Verdict, f.Evidence)
				}
			}
			for _, f := range awsproof.Judge(true, tt.seen).Findings {
				if f.Verdict != awsproof.NotSettled && f.Verdict != awsproof.OnLaptop {
					t.Errorf("a laptop says that %s is %s", f.Doubt.ID, f.Verdict)
				}
			}
		})
	}
}

// The report can be shared: it does not contain the id of the account.
func TestReport(t *testing.T) {
	t.Parallel()
	r := awsproof.Judge(
		false, seen("inspect", nil, awsproof.Facts{"identity": "arn:aws:sts::111122223333:assumed-role/x/i-1", "started": "yes", "run_state": "SUCCEEDED"}),
		seen("idle", errors.New("launch cluster:\nvCPU limit"), nil),
	)
	r.Left = []string{"arn:aws:s3:::ephemr-proof-raw-111122223333-eu-west-1"}
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"* on AWS, Region eu-west-1", "1 as assumed", "### start-execution", "* **verdict**: as assumed",
		"identity = arn:aws:sts::<account>:assumed-role/x/i-1", "Failed: launch cluster: vCPU limit", "* `arn:aws:s3:::ephemr-proof-raw-<account>-eu-west-1`",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report does not contain %q:\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "111122223333") {
		t.Error("the report contains the account's id")
	}
}
