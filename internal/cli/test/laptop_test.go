package test_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/cli/test"
	"ephemr/internal/proof/executable"
)

// fakeLaptop is a program laptop that records its calls in a file, and then does what the
// script says, by command.
func fakeLaptop(t *testing.T, script string) (r test.Region, calls func() string) {
	t.Helper()
	dir := t.TempDir()
	program, file := filepath.Join(dir, "laptop"), filepath.Join(dir, "calls")
	text := fmt.Sprintf("#!/bin/sh\nn=$(grep -cx \"$*\" '%[1]s' 2>/dev/null)\n[ \"$n\" != 0 ] || n=\necho \"$*\" >>'%[1]s'\ncase \"$1$n\" in\n%s\nesac\n", file, script)
	if err := executable.Write(program, text); err != nil {
		t.Fatal(err)
	}
	return test.Region{Program: program, IO: &terminal.IO{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}}, func() string {
		data, err := os.ReadFile(file) //nolint:gosec // of the test
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(strings.TrimSpace(string(data)), "\n", ", ")
	}
}

const settings = `{"stage": "local", "runsTable": "r", "pipelinesTable": "p", "clustersTable": "c", "artifactsBucket": "a", "logsBucket": "l", ` +
	`"stateMachine": "s", "limits": {"maxActive": 4, "pipelineMaxActive": 4, "deadline": "1h", "clusterReady": "1m", "pool": {"keepAlive": "15m", "life": "12h", "steps": 4}}}`

// emulator is a region to which a stage is deployed, or nothing.
func emulator(t *testing.T, deployed bool) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("X-Amz-Target") == "":
			_, _ = fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><UserId>AIDA1</UserId><Account>000000000000</Account>`+
				`<Arn>arn:aws:iam::000000000000:root</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		case deployed:
			_, _ = fmt.Fprintf(w, `{"Parameter": {"Value": %q}}`, settings)
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"__type": "ParameterNotFound"}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A region is started only if none is recorded, and only one that was started is ended.
func TestOwnRegion(t *testing.T) {
	t.Parallel()
	const none = "env) exit 3;;\n"
	for name, tt := range map[string]struct {
		script   string // with what laptop env prints for ENV
		deployed bool
		calls    string
		err      string // "" = connects; the returned function is called then
	}{
		"runs":            {"env) echo export ENV;;", true, "env", ""},
		"is not deployed": {"env) echo export ENV;;", false, "env", "run ephemr up"},
		"does not answer": {"env) echo emulator does not answer >&2; exit 1;;", false, "env", "emulator does not answer; repair it with ephemr up"},
		"has no address":  {"env) echo export AWS_REGION=r;;", false, "env", "has not printed AWS_ENDPOINT_URL"},
		"is killed":       {"env) kill -9 $$;;", false, "env", "or end it with ephemr down"},
		"is started": {
			none + "env1) echo export ENV;;", true, "env, up --new, env, deploy, down --endpoint URL", "",
		},
		"is recorded at the same moment": {none + "up) exit 1;;", false, "env, up --new", "laptop up"},
		"is not known after its start":   {none + "env1) exit 1;;", false, "env, up --new, env", "ephemr down"},
		"cannot be deployed to": {
			none + "env1) echo export ENV;;\ndeploy) exit 1;;", false, "env, up --new, env, deploy, down --endpoint URL", "laptop deploy",
		},
		"cannot be ended": {
			none + "env1) echo export ENV;;\ndown) echo locked; exit 1;;", false,
			"env, up --new, env, deploy, down --endpoint URL", "locked; end it with ephemr down",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := emulator(t, tt.deployed)
			r, calls := fakeLaptop(t, strings.ReplaceAll(tt.script, "ENV", "AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=1 AWS_SECRET_ACCESS_KEY=s AWS_ENDPOINT_URL="+url))
			_, end, err := r.Connect(t.Context())
			if err == nil {
				err = end(t.Context())
			}
			if (tt.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %v, want %q", err, tt.err)
			}
			if got, want := calls(), strings.ReplaceAll(tt.calls, "URL", url); got != want {
				t.Errorf("calls %s, want %s", got, want)
			}
		})
	}
}

// A start that is interrupted ends what it has begun itself.
func TestInterruptedStart(t *testing.T) {
	t.Parallel()
	started := filepath.Join(t.TempDir(), "started")
	r, calls := fakeLaptop(t, fmt.Sprintf("env) exit 3;;\nup) trap 'echo terminated >>\"$(dirname \"$0\")/calls\"; kill $child; exit 1' TERM; sleep 60 & child=$!; : >'%s'; wait;;", started))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if _, err := os.Stat(started); err == nil {
				return
			}
		}
	}()
	if _, _, err := r.Connect(ctx); err == nil {
		t.Error("connected")
	}
	if got, want := calls(), "env, up --new, terminated"; got != want {
		t.Errorf("calls %s, want %s", got, want)
	}
}
