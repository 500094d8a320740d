package job

import (
	"maps"
	"slices"
)

// Type is what a job is made of.
type Type string

// The types of jobs. To add one, extend Kinds; nothing else depends on the list.
const (
	Spark   Type = "spark"
	Hive    Type = "hive"
	Bash    Type = "bash"
	Jar     Type = "jar"
	DBT     Type = "dbt"
	Quality Type = "quality"
)

// Kind says how jobs of a Type are packaged and run.
type Kind struct {
	// Entries are the file names looked for, in this order, when a source
	// directory names no entry. A single matching file with one of Suffixes
	// serves as well.
	Entries  []string
	Suffixes []string
	// Command returns the argv that runs s, from inside the unpacked package.
	// It is nil for types that the runner executes itself.
	Command func(s Spec) []string
}

// Kinds is the table of job types.
var Kinds = map[Type]Kind{
	Spark:   {Entries: []string{"main.py", "app.jar"}, Suffixes: []string{".py", ".jar"}, Command: sparkCommand},
	Hive:    {Entries: []string{"main.sql", "main.hql"}, Suffixes: []string{".sql", ".hql"}, Command: hiveCommand},
	Bash:    {Entries: []string{"run.sh", "main.sh"}, Suffixes: []string{".sh"}, Command: bashCommand},
	Jar:     {Entries: []string{"app.jar"}, Suffixes: []string{".jar"}, Command: jarCommand},
	DBT:     {Entries: []string{"dbt_project.yml"}, Command: dbtCommand},
	Quality: {},
}

// Types returns the names of all types, sorted.
func Types() []Type { return slices.Sorted(maps.Keys(Kinds)) }

func sparkCommand(s Spec) []string {
	argv := []string{"spark-submit"}
	for _, k := range slices.Sorted(maps.Keys(s.Conf)) {
		argv = append(argv, "--conf", k+"="+s.Conf[k])
	}
	if s.Class != "" {
		argv = append(argv, "--class", s.Class)
	}
	return append(append(argv, s.Entry), s.Args...)
}

// dbtCommand lacks the paths of what the runner makes: dbt runs in a driver of Spark.
func dbtCommand(s Spec) []string {
	argv := []string{"spark-submit"}
	for _, k := range slices.Sorted(maps.Keys(s.Conf)) {
		argv = append(argv, "--conf", k+"="+s.Conf[k])
	}
	argv = append(argv, "dbt", "build")
	for _, k := range slices.Sorted(maps.Keys(s.Vars)) {
		argv = append(argv, "--vars", k+"="+s.Vars[k])
	}
	return append(argv, s.Args...)
}

func hiveCommand(s Spec) []string {
	argv := []string{"hive"}
	for _, k := range slices.Sorted(maps.Keys(s.Conf)) {
		argv = append(argv, "--hiveconf", k+"="+s.Conf[k])
	}
	for _, k := range slices.Sorted(maps.Keys(s.Vars)) {
		argv = append(argv, "--hivevar", k+"="+s.Vars[k])
	}
	return append(append(argv, s.Args...), "-f", s.Entry)
}

// bashCommand lacks the interpreter, which the runner reads in the first line of the
// entry.
func bashCommand(s Spec) []string { return append([]string{s.Entry}, s.Args...) }

func jarCommand(s Spec) []string {
	argv := []string{"hadoop", "jar", s.Entry}
	if s.Class != "" {
		argv = append(argv, s.Class)
	}
	return append(argv, s.Args...)
}
