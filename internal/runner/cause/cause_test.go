package cause_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"ephemr/internal/runner/cause"
)

func TestLine(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"python", "loading\nTraceback (most recent call last):\n  File \"main.py\", line 3, in <module>\n    raise ValueError(\"row 3 has no price\")\nValueError: row 3 has no price\n", "ValueError: row 3 has no price"},
		{"python without a message", "Traceback (most recent call last):\n  File \"x\", line 1\nKeyboardInterrupt\n", "KeyboardInterrupt"},
		{"python, chained", "Traceback (most recent call last):\n  File \"x\"\nKeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"x\"\nmy.app.LoadError: no a\n", "my.app.LoadError: no a"},
		{"python, output after it", "Traceback (most recent call last):\n  File \"x\"\nValueError: a\nclosing\ndone\n", "ValueError: a"},
		{"python with underlines", "Traceback (most recent call last):\n  File \"x\", line 1, in <module>\n    a / 0\n    ~~^~~\nZeroDivisionError: division by zero\n", "ZeroDivisionError: division by zero"},
		{"python, handled earlier", "Traceback (most recent call last):\n  File \"x\"\nKeyError: 'early'\nretrying\nTraceback (most recent call last):\n  File \"x\"\nOSError: disk\n", "OSError: disk"},
		{"python syntax", "  File \"main.py\", line 1\n    x = = 1\n        ^\nSyntaxError: invalid syntax\n", "SyntaxError: invalid syntax"},
		{
			"pyspark task", `26/11/30 03:00:00 ERROR Executor: Exception in task 0.0 in stage 0.0 (TID 0)
org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "/x/worker.py", line 1247, in main
    process()
  File "main.py", line 5, in price
ValueError: row 3 has no price

	at org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:572)
26/11/30 03:00:00 WARN TaskSetManager: Lost task 0.0 in stage 0.0 (TID 0) (host executor driver): org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "main.py", line 5, in price
ValueError: row 3 has no price

	at org.apache.spark.scheduler.Task.run(Task.scala:141)
26/11/30 03:00:00 ERROR TaskSetManager: Task 0 in stage 0.0 failed 1 times; aborting job
Traceback (most recent call last):
  File "main.py", line 9, in <module>
    rdd.collect()
py4j.protocol.Py4JJavaError: An error occurred while calling z:org.apache.spark.api.python.PythonRDD.collectAndServe.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 1 times, most recent failure: Lost task 0.0 in stage 0.0 (TID 0) (host executor driver): org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "main.py", line 5, in price
ValueError: row 3 has no price

	at java.base/java.lang.Thread.run(Thread.java:840)

Driver stacktrace:
	at org.apache.spark.scheduler.DAGScheduler.failJobAndIndependentStages(DAGScheduler.scala:2844)
Caused by: org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "main.py", line 5, in price
ValueError: row 3 has no price

	at org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:572)
	... 1 more
26/11/30 03:00:01 INFO ShutdownHookManager: Shutdown hook called
`, "ValueError: row 3 has no price",
		},
		{"pyspark task, and others that it ends", "Traceback (most recent call last):\n  File \"main.py\"\nValueError: row 3 has no price\n26/11/30 03:00:00 WARN TaskSetManager: Lost task 0.0 in stage 1.0 (TID 3) (host executor driver): TaskKilled (Stage cancelled: Job 1 cancelled )\n", "ValueError: row 3 has no price"},
		{"pyspark analysis", "Traceback (most recent call last):\n  File \"main.py\", line 4\npyspark.errors.exceptions.captured.AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table or view `x` cannot be found.;\n'UnresolvedRelation [x], [], false\n", "pyspark.errors.exceptions.captured.AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table or view `x` cannot be found.;"},
		{"pyspark java cause", "Traceback (most recent call last):\n  File \"main.py\"\npy4j.protocol.Py4JJavaError: An error occurred while calling o31.parquet.\n: org.apache.spark.SparkException: Job aborted due to stage failure: x\n\tat a.b(C.scala:1)\nCaused by: java.io.FileNotFoundException: No such file or directory: s3://b/x\n\tat a.b(C.java:1)\n\t... 3 more\n", "java.io.FileNotFoundException: No such file or directory: s3://b/x"},
		{"py4j, java without a cause", "Traceback (most recent call last):\n  File \"main.py\"\npy4j.protocol.Py4JJavaError: An error occurred while calling o31.parquet.\n: java.nio.file.AccessDeniedException: s3://b/x: 403\n\tat a.b(C.scala:1)\n", "java.nio.file.AccessDeniedException: s3://b/x: 403"},
		{"java", "start\nException in thread \"main\" java.lang.IllegalStateException: no rows\n\tat com.x.Main.main(Main.java:5)\n", "java.lang.IllegalStateException: no rows"},
		{"java, caused", "Exception in thread \"main\" java.lang.RuntimeException: load\n\tat a.b(C.java:1)\nCaused by: java.lang.IllegalStateException: middle\n\tat a.b(C.java:1)\n\t... 1 more\nCaused by: java.io.IOException: disk full\n\t... 2 more\n", "java.io.IOException: disk full"},
		{"java task", "Exception in thread \"main\" org.apache.spark.SparkException: Job aborted due to stage failure: Task 1 in stage 2.0 failed 4 times, most recent failure: Lost task 1.3 in stage 2.0 (TID 9) (ip-10-0-0-1 executor 2): java.lang.IllegalArgumentException: row 3 has no price\n\tat a.b(C.scala:1)\n\nDriver stacktrace:\n\tat a.b(C.scala:1)\n", "java.lang.IllegalArgumentException: row 3 has no price"},
		{"java, logged only", "26/11/30 03:00:00 ERROR Main: cannot load\njava.io.IOException: broken pipe\n\tat a.b(C.java:1)\n", "java.io.IOException: broken pipe"},
		{"yarn", "26/11/30 03:00:00 ERROR ApplicationMaster: User class threw exception: java.lang.IllegalStateException: no rows\njava.lang.IllegalStateException: no rows\n\tat a.b(C.scala:1)\n", "java.lang.IllegalStateException: no rows"},
		{"hive", "Connecting to jdbc:hive2://\nError: Error while compiling statement: FAILED: SemanticException [Error 10001]: Line 1:14 Table not found 'x' (state=42S02,code=10001)\nClosing: 0: jdbc:hive2://\n", "Error: Error while compiling statement: FAILED: SemanticException [Error 10001]: Line 1:14 Table not found 'x' (state=42S02,code=10001)"},
		{"hive cli", "FAILED: ParseException line 1:0 cannot recognize input near 'selec' '1'\n", "FAILED: ParseException line 1:0 cannot recognize input near 'selec' '1'"},
		{"bash", "run.sh: line 12: aws2: command not found\n", "run.sh: line 12: aws2: command not found"},
		{"bash -x", "+ cd /work\n+ test -f in.csv\n", "last command: test -f in.csv"},
		{"bash -x with a message", "+ cd /work\n++ cat x\ncat: x: No such file or directory\n+ exit 1\n", "cat: x: No such file or directory"},
		{"aws cli", "fatal error: An error occurred (404) when calling the HeadObject operation: Key \"x\" does not exist\n", "fatal error: An error occurred (404) when calling the HeadObject operation: Key \"x\" does not exist"},
		{"info only", "26/11/30 03:00:00 INFO SparkContext: Running\nno input\n26/11/30 03:00:00 INFO SparkContext: Stopped\n", "no input"},
		{"no newline at the end", "Traceback (most recent call last):\n  File \"x\"\nValueError: a", "ValueError: a"},
		{"message on the next line", "Traceback (most recent call last):\n  File \"x\"\nsqlalchemy.exc.OperationalError:\n(psycopg2.OperationalError) could not connect\n", "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) could not connect"},
		{"carriage returns", "Traceback (most recent call last):\r\n  File \"x\"\r\nValueError: a\r\n", "ValueError: a"},
		{"a long line", "Traceback (most recent call last):\n  File \"x\"\nValueError: " + strings.Repeat("x", 9000) + "\n", "ValueError: " + strings.Repeat("x", 488) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var whole, bytewise cause.Finder
			_, _ = io.WriteString(&whole, tt.text)
			_, _ = io.Copy(struct{ io.Writer }{&bytewise}, iotest.OneByteReader(strings.NewReader(tt.text)))
			for _, got := range []string{whole.Line(), bytewise.Line()} {
				if got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	line := []byte("26/11/30 03:00:00 INFO TaskSetManager: Finished task 17.0 in stage 3.0 (TID 117) in 12 ms on host\n")
	b.SetBytes(int64(len(line)))
	var f cause.Finder
	for b.Loop() {
		_, _ = f.Write(line)
	}
}
