package cause_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"ephemr/internal/runner/cause"
)

// TestLogs reads what Spark 3.5, Hive 2.3, Python 3.11, Java 17 and bash 5.2 have printed
// when they failed, in testdata: most frames and most of what loggers printed is left out.
func TestLogs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"pyspark-worker":  "ValueError: row 3 has no price",
		"pyspark-udf":     "ValueError: row 3 has no price",
		"pyspark-table":   "pyspark.errors.exceptions.captured.AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table or view `shop`.`orders` cannot be found. Verify the spelling and correctness of the schema and catalog.",
		"pyspark-path":    "pyspark.errors.exceptions.captured.AnalysisException: [PATH_NOT_FOUND] Path does not exist: file:/home/hadoop/in/dt=2026-11-30.",
		"spark-sql-table": "[TABLE_OR_VIEW_NOT_FOUND] The table or view `shop`.`orders` cannot be found. Verify the spelling and correctness of the schema and catalog.",
		"spark-sql-parse": "[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'.(line 1, pos 0)",
		"spark-sql-task":  "java.lang.RuntimeException: row 3 has no price",
		"hive-semantic":   "FAILED: SemanticException [Error 10001]: Line 1:14 Table not found 'orders'",
		"hive-parse":      "FAILED: ParseException line 1:0 cannot recognize input near 'selec' '1' '<EOF>'",
		"python-chained":  "LoadError: orders of 2026-11-30 are missing",
		"python-exit":     "no input for 2026-11-30",
		"python-group":    "ExceptionGroup: 2 countries failed (2 sub-exceptions): ValueError: pt: row 3 has no price",
		"java-caused":     "java.lang.RuntimeException: load orders; caused by java.nio.file.NoSuchFileException: /nonexistent/orders.csv",
		"java-user":       "java.lang.IllegalStateException: row 3 has no price; caused by java.lang.NumberFormatException: For input string: \"x\"",
		"java-no-message": "java.lang.IllegalStateException: no orders for 2026-11-30; caused by java.util.NoSuchElementException",
		"java-suppressed": "java.lang.IllegalStateException: row 3 has no price",
		"java-memory":     "java.lang.OutOfMemoryError: Java heap space",
		"bash-not-found":  "cmd.sh: line 4: awz: command not found",
		"bash-unbound":    "unbound.sh: line 2: COUNTRY: unbound variable",
		"bash-killed":     "killed.sh: line 3: 24754 Killed                  bash -c 'kill -9 $$'",
		"bash-syntax":     "syntax.sh: line 3: syntax error: unexpected end of file",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr, stdout cause.Finder
			n := read(t, &stderr, name+".stderr") + read(t, &stdout, name+".stdout")
			if got := cause.Of(&stderr, &stdout); got != want || n == 0 {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// read reads a file of testdata, which may be missing.
func read(t *testing.T, f *cause.Finder, name string) int64 {
	t.Helper()
	log, err := os.Open(filepath.Join("testdata", name)) //nolint:gosec // of this package
	if os.IsNotExist(err) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	n, err := io.Copy(f, log)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
