package dbt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ephemr/internal/job"
)

// Report is what dbt says of the models, tests and other nodes of a run.
type Report struct {
	Findings []job.Finding
	Tables   []job.Table       // read and written; nil = not known
	Outputs  map[string]string // models, tests, and rows where dbt knows them
	Class    job.Class         // why the run failed; "" = it did not
	Reason   string
}

// result is a node of run_results.json, version 4 and later:
// https://docs.getdbt.com/reference/artifacts/run-results-json
type result struct {
	ID       string  `json:"unique_id"` // model.project.name
	Status   string  `json:"status"`
	Message  *string `json:"message"`
	Failures *int64  `json:"failures"`
	Relation *string `json:"relation_name"`
	Adapter  struct {
		Rows *int64 `json:"rows_affected"`
	} `json:"adapter_response"`
}

// Read reads a run_results.json.
func Read(data []byte) (*Report, error) {
	var file struct {
		Results []result `json:"results"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("run_results.json of dbt is not valid: %w", err)
	}
	c := counts{rows: map[string]int64{}}
	r := &Report{Findings: []job.Finding{}, Outputs: map[string]string{}}
	for _, x := range file.Results {
		c.add(x)
		r.Findings = append(r.Findings, x.finding())
	}
	if len(r.Findings) > maxFindings { // those that failed are kept
		slices.SortStableFunc(r.Findings, func(a, b job.Finding) int { return cmp.Compare(rank(a), rank(b)) })
		r.Findings = r.Findings[:maxFindings]
	}
	r.Outputs["models"], r.Outputs["tests"] = strconv.Itoa(c.models), strconv.Itoa(c.tests)
	for _, name := range slices.Sorted(maps.Keys(c.rows)) {
		if len(r.Outputs) == maxOutputs {
			break
		}
		r.Outputs["rows_"+name] = strconv.FormatInt(c.rows[name], 10)
	}
	r.Class, r.Reason = c.verdict()
	return r, nil
}

// Limits of a report. A result has 1 MiB at most, and its outputs 64 KiB.
const (
	maxMessage  = 500 // bytes
	maxFindings = 1000
	maxOutputs  = 300
)

// rank puts what failed before what is only a warning, and that before the rest.
func rank(f job.Finding) int {
	switch {
	case f.Failed():
		return 0
	case !f.OK:
		return 1
	}
	return 2
}

// isTest reports whether the node is a test: of data, or of a model's logic.
func (x result) isTest() bool {
	return strings.HasPrefix(x.ID, "test.") || strings.HasPrefix(x.ID, "unit_test.")
}

// name is that of the node, without kind, project and the digest of tests.
func (x result) name() string {
	parts := strings.SplitN(x.ID, ".", 3)
	name := parts[len(parts)-1]
	if at := strings.LastIndexByte(name, '.'); strings.HasPrefix(x.ID, "test.") && at > 0 {
		name = name[:at]
	}
	return name
}

func (x result) kind() string {
	kind, _, _ := strings.Cut(x.ID, ".")
	return strings.ReplaceAll(kind, "_", " ")
}

func (x result) message() string {
	if x.Message == nil {
		return ""
	}
	text := strings.Join(strings.Fields(*x.Message), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

func (x result) ok() bool {
	switch x.Status {
	case "success", "pass", "warn", "no-op":
		return true
	}
	return false
}

func (x result) finding() job.Finding {
	f := job.Finding{Dataset: x.name(), Expect: x.kind() + " succeeds", Found: x.Status, OK: x.ok() && x.Status != "warn", Warn: x.Status == "warn"}
	if x.Relation != nil && *x.Relation != "" {
		f.Dataset = strings.ReplaceAll(*x.Relation, "`", "")
	}
	if x.isTest() {
		f.Dataset, f.Expect = x.name(), x.kind()+" passes"
	}
	if text := x.message(); text != "" && text != "OK" {
		f.Found += ": " + text
	}
	return f
}

// invalid reports whether the node cannot be compiled.
func (x result) invalid() bool {
	return x.Status == "error" && (strings.HasPrefix(x.message(), "Compilation Error") || strings.HasPrefix(x.message(), "Parsing Error"))
}

// counts are the nodes of a run by what became of them.
type counts struct {
	models, tests                 int
	invalid, broken, failed, left int
	first                         [3]string // of invalid, broken and failed
	rows                          map[string]int64
}

func (c *counts) add(x result) {
	switch {
	case x.isTest():
		c.tests++
	case x.kind() == "model":
		c.models++
	}
	if n := x.rows(); n != nil && !x.isTest() {
		c.rows[x.name()] = *n
	}
	note := func(n *int, i int) {
		if *n++; *n == 1 {
			c.first[i] = x.kind() + " " + x.name() + ": " + x.message()
		}
	}
	switch {
	case x.ok():
	case x.invalid():
		note(&c.invalid, 0)
	case x.Status == "fail":
		note(&c.failed, 2)
	case x.Status == "skipped":
		c.left++
	default:
		note(&c.broken, 1)
	}
}

// verdict is why the run failed: what cannot be compiled before what failed to run, and
// that before tests.
func (c *counts) verdict() (job.Class, string) {
	switch {
	case c.invalid > 0:
		return job.ClassInvalid, c.reason(c.invalid, "cannot be compiled", c.first[0])
	case c.broken > 0:
		return job.ClassJob, c.reason(c.broken, "failed to run", c.first[1])
	case c.failed > 0:
		return job.ClassData, c.reason(c.failed, "found wrong data", c.first[2])
	case c.left > 0:
		return job.ClassJob, fmt.Sprintf("dbt skipped %d nodes", c.left)
	}
	return "", ""
}

func (c *counts) reason(n int, what, first string) string {
	text := fmt.Sprintf("dbt: %d of its nodes %s: %s", n, what, first)
	if c.left > 0 {
		text += fmt.Sprintf(" (%d more were skipped)", c.left)
	}
	return text
}
