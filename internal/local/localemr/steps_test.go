package localemr_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/local/localemr"
	"ephemr/internal/proof/executable"
)

func TestStepEnvironment(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if err := executable.Write(filepath.Join(bin, "spark-submit"), "#!/bin/sh\necho shim $1\n"); err != nil {
		t.Fatal(err)
	}
	st := begin(t, func(c *localemr.Config) {
		c.Bin = bin
		c.Environ = append(c.Environ, "AWS_ENDPOINT_URL=http://127.0.0.1:9")
	})
	submit := bash("submit", "")
	submit.HadoopJarStep.Args = []string{"spark-submit", "job.py"}
	id := st.run(request("env", bash("show", "echo $PWD $HOME $EPHEMR_HOME $EMR_CLUSTER_ID $EMR_STEP_ID $AWS_ENDPOINT_URL"), submit))
	st.awaitCluster(id, types.ClusterStateWaiting)
	show, shim := *st.steps(id)[0].Id, *st.steps(id)[1].Id
	home := filepath.Join(st.cfg.Data, id)
	want := strings.Join([]string{filepath.Join(home, "steps", show), home, home, id, show, "http://127.0.0.1:9"}, " ") + "\n"
	if diff := cmp.Diff(want, st.s3.unzip(t, "s3://logs/emr/"+id+"/steps/"+show+"/stdout.gz")); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if got := st.s3.unzip(t, "s3://logs/emr/"+id+"/steps/"+shim+"/stdout.gz"); got != "shim job.py\n" {
		t.Errorf("spark-submit said %q", got)
	}
}

func TestStepLogsAndFailureDetails(t *testing.T) {
	t.Parallel()
	st := begin(t)
	script := `echo out; echo 'Exception in thread "main" boom' >&2; exit 7`
	id := st.run(request("fails", bash("bad", script)))
	step := st.awaitStep(id, *st.steps(id)[0].Id, types.StepStateFailed)
	prefix := "s3://logs/emr/" + id + "/steps/" + *step.Id + "/"
	want := types.FailureDetails{
		Reason: new("Unknown Error."), Message: new(`Exception in thread "main" boom`), LogFile: new(prefix + "stderr.gz"),
	}
	got := step.Status.FailureDetails
	if *got.Reason != *want.Reason || *got.Message != *want.Message || *got.LogFile != *want.LogFile {
		t.Errorf("failure details: %s, %s, %s", *got.Reason, *got.Message, *got.LogFile)
	}
	if out := st.s3.unzip(t, prefix+"stdout.gz"); out != "out\n" {
		t.Errorf("stdout: %q", out)
	}
	if syslog := st.s3.unzip(t, prefix+"syslog.gz"); syslog != "" {
		t.Errorf("syslog: %q", syslog)
	}
	if controller := st.s3.unzip(t, prefix+"controller.gz"); !strings.Contains(controller, "WARN Step failed with exitCode 7") {
		t.Errorf("controller: %s", controller)
	}
}

func TestMissingProgramFailsTheStep(t *testing.T) {
	t.Parallel()
	st := begin(t)
	missing := bash("missing", "")
	missing.HadoopJarStep.Args = []string{"no-such-program"}
	id := st.run(request("missing", missing))
	step := st.awaitStep(id, *st.steps(id)[0].Id, types.StepStateFailed)
	if got := *step.Status.FailureDetails.Message; !strings.Contains(got, `Cannot run program "no-such-program"`) {
		t.Errorf("message: %s", got)
	}
}

func TestScriptRunner(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, jar, script string
	}{
		{"regional", "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar", "#!/bin/bash\necho got $1\n"},
		{"no shebang", "s3://elasticmapreduce/libs/script-runner/script-runner.jar", "echo got $1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := begin(t)
			st.s3.put("s3://code/x.sh", []byte(tt.script))
			step := bash("script", "")
			step.HadoopJarStep.Jar, step.HadoopJarStep.Args = &tt.jar, []string{"s3://code/x.sh", "one"}
			id := st.run(request("script", step))
			st.awaitCluster(id, types.ClusterStateWaiting)
			if got := st.s3.unzip(t, "s3://logs/emr/"+id+"/steps/"+*st.steps(id)[0].Id+"/stdout.gz"); got != "got one\n" {
				t.Errorf("script said %q", got)
			}
		})
	}
}

func TestJarStepGoesToHadoop(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if err := executable.Write(filepath.Join(bin, "hadoop"), "#!/bin/sh\nshift 2\necho $@\n"); err != nil {
		t.Fatal(err)
	}
	st := begin(t, func(c *localemr.Config) { c.Bin = bin })
	st.s3.put("s3://code/app.jar", []byte("jar"))
	step := bash("jar", "")
	step.HadoopJarStep = &types.HadoopJarStepConfig{Jar: new("s3://code/app.jar"), MainClass: new("com.example.Main"), Args: []string{"in", "out"}}
	id := st.run(request("jar", step))
	st.awaitCluster(id, types.ClusterStateWaiting)
	if got := st.s3.unzip(t, "s3://logs/emr/"+id+"/steps/"+*st.steps(id)[0].Id+"/stdout.gz"); got != "com.example.Main in out\n" {
		t.Errorf("hadoop got %q", got)
	}
}

func TestJarStepGoesToJavaWithoutHadoop(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if err := executable.Write(filepath.Join(bin, "java"), "#!/bin/sh\necho $1 $2 ${3##*/}\n"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, class, want string }{
		{"manifest", "", "-Dk=v -jar app.jar\n"},
		{"class", "com.example.Main", "-Dk=v -cp app.jar\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := begin(t, func(c *localemr.Config) { c.Bin, c.Environ = bin, []string{"PATH=/nowhere"} })
			st.s3.put("s3://code/app.jar", []byte("jar"))
			step := bash("jar", "")
			step.HadoopJarStep = &types.HadoopJarStepConfig{
				Jar: new("s3://code/app.jar"), MainClass: &tt.class, Properties: []types.KeyValue{{Key: new("k"), Value: new("v")}},
			}
			id := st.run(request("jar", step))
			st.awaitCluster(id, types.ClusterStateWaiting)
			if got := st.s3.unzip(t, "s3://logs/emr/"+id+"/steps/"+*st.steps(id)[0].Id+"/stdout.gz"); got != tt.want {
				t.Errorf("java got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStepKeepsWhatItWasGiven(t *testing.T) {
	t.Parallel()
	st := begin(t)
	step := bash("props", "true")
	step.HadoopJarStep.Properties = []types.KeyValue{{Key: new("k"), Value: new("v")}}
	in := request("props", step)
	in.SecurityConfiguration = new("runtime-roles")
	id := st.run(in)
	out, err := st.emr.AddJobFlowSteps(t.Context(), &emr.AddJobFlowStepsInput{
		JobFlowId: &id, Steps: []types.StepConfig{step}, ExecutionRoleArn: new("arn:aws:iam::000000000000:role/job"),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := st.step(id, out.StepIds[0])
	if diff := cmp.Diff(map[string]string{"k": "v"}, got.Config.Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	if *got.ExecutionRoleArn != "arn:aws:iam::000000000000:role/job" {
		t.Errorf("role: %s", *got.ExecutionRoleArn)
	}
}
