package runner

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"

	"ephemr/internal/dbt"
	"ephemr/internal/job"
)

// dbtDir is where an attempt keeps what it makes for dbt, and what dbt records.
func dbtDir(w workspace) string { return filepath.Join(w.dir, "dbt") }

// driverPython is Spark's setting for the interpreter of drivers.
const driverPython = "spark.pyspark.driver.python"

// dbtCommand runs dbt in a driver of Spark. Its libraries are those of requirements.txt,
// which the driver finds by its environment, or of a ready environment; executors do not
// need them.
func dbtCommand(s job.Spec, w workspace, libs python) ([]string, error) {
	if s.Conf["spark.submit.deployMode"] == "cluster" {
		return nil, invalid("dbt runs in a driver on the primary node; remove spark.submit.deployMode from conf")
	}
	run, err := dbt.Prepare(dbtDir(w), w.files, s)
	if err != nil {
		return nil, invalid("%w", err)
	}
	args, err := run.Args(s)
	if err != nil {
		return nil, err
	}
	conf := map[string]string{}
	maps.Copy(conf, s.Conf)
	if interpreter := cmp.Or(conf[driverPython], libs.conf[driverPython]); interpreter != "" {
		conf[driverPython] = interpreter
	}
	argv := []string{"spark-submit"}
	for _, k := range slices.Sorted(maps.Keys(conf)) {
		argv = append(argv, "--conf", k+"="+conf[k])
	}
	return append(append(argv, run.Driver()), args...), nil
}

// recorded adds what the program itself has recorded to its result.
func recorded(s job.Spec, w workspace, res job.Result) job.Result {
	if s.Type == job.DBT {
		return dbtResult(w, res)
	}
	return res
}

// dbtResult adds what dbt has recorded to the result of its program. Its exit code does
// not distinguish wrong data from a model that failed.
func dbtResult(w workspace, res job.Result) job.Result {
	report, err := dbt.At(dbtDir(w)).Results()
	switch {
	case err != nil && res.Succeeded(): // a program that was killed may leave a part of the file
		res.Class, res.ExitCode, res.Reason = job.ClassData, exitData, err.Error()
		return res
	case err != nil:
		return res
	case report == nil:
		if res.Class == job.ClassJob && res.ExitCode == dbt.ExitInvalid && res.Signal == "" {
			res.Class = job.ClassInvalid // the project cannot be parsed
		}
		return res
	}
	res.Checks, res.Outputs, res.Tables = report.Findings, report.Outputs, report.Tables
	if res.Class == job.ClassJob && res.Signal == "" && report.Class != "" {
		res.Class, res.Reason, res.Cause = report.Class, report.Reason, "" // which is not the last line that Spark has printed
	}
	return res
}

// merged are the outputs of the runner with those of the program, which win.
func merged(ours, own map[string]string) map[string]string {
	if len(ours) == 0 {
		return own
	}
	all := maps.Clone(ours)
	maps.Copy(all, own)
	return all
}
