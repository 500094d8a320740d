package test

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The elements of JUnit's XML that CI systems read.
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Time     string   `xml:"time,attr"` // seconds
		Suites   []suite  `xml:"testsuite"`
	}
	suite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Time     string     `xml:"time,attr"`
		Cases    []testCase `xml:"testcase"`
	}
	testCase struct {
		Name      string   `xml:"name,attr"`
		ClassName string   `xml:"classname,attr"`
		File      string   `xml:"file,attr"`
		Time      string   `xml:"time,attr"`
		Failure   *trouble `xml:"failure,omitempty"`
		Error     *trouble `xml:"error,omitempty"`
		Out       string   `xml:"system-out,omitempty"`
	}
	trouble struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit writes the report as JUnit XML; "" = not wanted.
func (r *Report) junit(file string) error {
	if file == "" {
		return nil
	}
	data, err := xml.MarshalIndent(r.suites(), "", "  ")
	if err == nil {
		err = os.WriteFile(file, append([]byte(xml.Header), append(data, '\n')...), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	return nil
}

func (r *Report) suites() suites {
	s := suite{Name: "ephemr test", Tests: len(r.Tests), Time: inSeconds(r.Seconds)}
	for _, t := range r.Tests {
		c := testCase{Name: t.Name, ClassName: "ephemr." + t.Name, File: filepath.ToSlash(t.File), Time: inSeconds(t.Seconds), Out: strings.Join(t.Log, "\n")}
		switch problem, failed := t.trouble(); {
		case t.Passed:
		case failed:
			c.Failure = problem
			s.Failures++
		default:
			c.Error = problem
			s.Errors++
		}
		s.Cases = append(s.Cases, c)
	}
	return suites{Name: s.Name, Tests: s.Tests, Failures: s.Failures, Errors: s.Errors, Time: s.Time, Suites: []suite{s}}
}

// trouble is a failure, or an error if the result could not be found out.
func (r *Result) trouble() (t *trouble, failed bool) {
	t = &trouble{Type: "error"}
	var lines []string
	for i, f := range r.Failures {
		if i == 0 {
			t.Message = f.What + ": " + f.Message
		}
		if f.What != "error" {
			t.Type, failed = "failure", true
		}
		lines = append(lines, f.lines()...)
	}
	t.Text = strings.Join(lines, "\n")
	return t, failed
}

func inSeconds(s float64) string { return fmt.Sprintf("%.3f", s) }
