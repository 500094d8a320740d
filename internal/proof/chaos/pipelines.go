package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"ephemr/internal/local/laptop"
)

// The jobs of the pipelines, by name.
var pipelines = map[string]string{
	"solo": `  - {name: work, retries: 1, %s}
`,
	"pair": `  - {name: extract, retries: 2, %[1]s}
  - {name: load, needs: [extract], %[1]s}
`,
	"fan": `  - {name: left, retries: 1, %[1]s}
  - {name: right, retries: 1, %[1]s}
  - {name: join, needs: [left, right], retries: 1, %[1]s}
`,
}

var names = []string{"solo", "pair", "fan"}

// The script of all jobs: it records that this attempt has begun, and ends as the
// seed says. $1 is the directory of the records, $2 the seed. $3 submits a YARN
// application, which a fourth of the attempts do not wait for.
const script = `me="$EPHEMR_RUN_ID $EPHEMR_JOB $EPHEMR_ATTEMPT"
echo "begun $me" >>"$1/$EPHEMR_RUN_ID"
sum=$(printf '%s' "$2 $me" | cksum)
dice=$((${sum%% *} % 100))
if [ $((dice % 4)) -eq 3 ]; then "$3" "$me" SPARK; fi
sleep "0.$((${sum%% *} / 100 % 9 + 1))"
if [ "$dice" -lt 8 ]; then echo 'bad data' >&2; exit 3; fi
if [ "$dice" -lt 11 ]; then kill -KILL $$; fi
if [ "$dice" -lt 12 ]; then kill -KILL "$PPID"; sleep 5; fi
echo "done $me" >>"$1/$EPHEMR_RUN_ID"
`

// lines is where the steps write.
func (r *region) lines() string { return filepath.Join(r.Dir, "lines") }

// apply registers the pipelines with the CLI, as a user would.
func (r *region) apply(ctx context.Context, o Options) error {
	project := filepath.Join(r.Dir, "project")
	for _, dir := range []string{r.lines(), filepath.Join(project, "jobs", "work")} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fmt.Errorf("write pipelines: %w", err)
		}
	}
	files := map[string]string{"jobs/work/run.sh": script}
	args := []string{"apply"}
	for _, name := range names {
		job := fmt.Sprintf(`type: bash, source: jobs/work, timeout: 30s, background: kill, args: [%q, "%d", %q]`, r.lines(), o.Seed, r.yarnSubmit())
		files[name+".yaml"] = fmt.Sprintf("pipeline: %s\ncluster: {profile: small}\nlimits: {maxActive: %d, deadline: 8m, maxChain: 10000}\n"+
			"triggers: [{s3: {bucket: raw, prefix: %[1]s/}}]\njobs:\n", name, o.Parallel) + fmt.Sprintf(pipelines[name], job)
		args = append(args, name+".yaml")
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(project, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write pipelines: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(r.Root, "dist", "bin", "ephemr"), args...) //nolint:gosec // our own binary
	cmd.Dir, cmd.Env = project, laptop.Overlay(os.Environ(), r.Environ())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ephemr %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
