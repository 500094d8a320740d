package acceptance_test

import (
	"strings"
	"testing"
)

// clusterCommands are commands of clusters that a laptop has as well: on files in
// S3, and an example of Spark that asks for YARN.
const clusterCommands = `set -euo pipefail
dir=$1/files-$2
echo one >one.txt; echo two >two.log
hadoop fs -put one.txt two.log "$dir/in/"
hdfs dfs -cat "$dir/in/*.txt"
s3-dist-cp --src "$dir/in" --dest "$dir/out" --srcPattern '.*\.log' --deleteOnSuccess
hadoop fs -ls -C "$dir/*"
spark-example --master yarn --deploy-mode cluster SparkPi 1 | cut -c1-16
`

func TestCommandsOfClusters(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"job/run.sh": clusterCommands})
	out, stderr, code := w.cli(t, dir, "submit", "-d", "job", "-t", "bash", "-u", "etl", "--arg", "{{.Lake.curated}}", "--arg", nonce)
	at := "files-" + nonce
	var lines []string
	for line := range strings.Lines(out) {
		if _, rest, found := strings.Cut(line, at); found {
			line = at + rest
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	want := "one\n" + at + "/in/one.txt\n" + at + "/out/two.log\nPi is roughly 3."
	if got := strings.Join(lines, "\n"); code != 0 || got != want {
		t.Errorf("exit code %d, got\n%s\nwant\n%s\n%s", code, got, want, stderr)
	}
	if text := "run-example: the local region has no YARN"; !strings.Contains(out+stderr, text) {
		t.Errorf("no %q in %s", text, stderr)
	}
}
