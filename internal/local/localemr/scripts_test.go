package localemr_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// Local scripts of steps and bootstrap actions run as copies: their files keep
// their mode.
func TestLocalScriptsKeepTheirMode(t *testing.T) {
	t.Parallel()
	st := begin(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	in := request("local scripts")
	in.BootstrapActions = []types.BootstrapActionConfig{
		{Name: new("plain"), ScriptBootstrapAction: &types.ScriptBootstrapActionConfig{Path: new(write("plain.sh", "echo $1 >$HOME/plain")), Args: []string{"one"}}},
		{Name: new("program"), ScriptBootstrapAction: &types.ScriptBootstrapActionConfig{Path: new("/bin/true")}},
	}
	in.Steps = []types.StepConfig{{
		Name: new("script"), ActionOnFailure: "CONTINUE", HadoopJarStep: &types.HadoopJarStepConfig{
			Jar:  new("s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar"),
			Args: []string{"file://" + write("with shebang.sh", "#!/bin/sh\necho $1 >$HOME/shebang"), "two"},
		},
	}}
	id := st.run(in)
	for name, want := range map[string]string{"plain": "one", "shebang": "two"} {
		if got := st.awaitFile(filepath.Join(st.cfg.Data, id, name)); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, name := range []string{"plain.sh", "with shebang.sh"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}
