package athena

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// FailedError is a statement that did not succeed.
type FailedError struct{ Execution Execution }

func (e *FailedError) Error() string {
	reason := e.Execution.Reason
	if reason == "" && e.Execution.State == types.QueryExecutionStateCancelled {
		reason = "it was stopped"
	}
	if e.Execution.ID == "" {
		return reason
	}
	return fmt.Sprintf("%s (query %s)", reason, e.Execution.ID)
}

// Cause is why a statement did not succeed, for causes that users can act on.
type Cause string

// The causes. Athena distinguishes them only by their message.
const (
	Other     Cause = ""
	ScanLimit Cause = "scan limit"
	Access    Cause = "access"
	NoSchema  Cause = "no database"
	NoTable   Cause = "no table"
	NoColumn  Cause = "no column"
	NoEngine  Cause = "no engine"    // a laptop's region without DuckDB
	NoGroup   Cause = "no workgroup" // or one without a place for results
)

// causes are tried in this order.
var causes = []struct {
	cause Cause
	text  *regexp.Regexp
}{
	{ScanLimit, regexp.MustCompile(`(?i)bytes scanned limit`)},
	{NoColumn, regexp.MustCompile(`(?i)COLUMN_NOT_FOUND|column .* cannot be resolved|referenced column .* not found`)}, // Athena's message continues: "or requester is not authorized"
	{Access, regexp.MustCompile(`(?i)access ?denied|not authorized|insufficient (lake formation )?permission|permission denied|forbidden`)},
	{NoSchema, regexp.MustCompile(`(?i)SCHEMA_NOT_FOUND|schema '?[^ ]+'? does not exist|database not found`)},
	{NoTable, regexp.MustCompile(`(?i)TABLE_NOT_FOUND|table '?[^ ]+'? does not exist|table with name .* does not exist|entity ?not ?found|table not found`)},
	{NoEngine, regexp.MustCompile(`no duckdb`)},
	{NoGroup, regexp.MustCompile(`(?i)workgroup .*(not found|disabled)|no output location provided`)},
}

// Cause returns why the statement did not succeed.
func (e *FailedError) Cause() Cause {
	for _, c := range causes {
		if c.text.MatchString(e.Execution.Reason) {
			return c.cause
		}
	}
	return Other
}

var (
	position     = regexp.MustCompile(`\bline (\d+):(\d+)`) // Athena's
	duckPosition = regexp.MustCompile(`(?m)^LINE (\d+): `)  // DuckDB's, without a column that could be used
)

// Position returns the position of the error in the statement, from 1; the
// column is 0 when only the line is known, both are 0 when neither is.
func (e *FailedError) Position() (line, column int) {
	if m := position.FindStringSubmatch(e.Execution.Reason); m != nil {
		line, _ = strconv.Atoi(m[1])
		column, _ = strconv.Atoi(m[2])
		return line, column
	}
	if m := duckPosition.FindStringSubmatch(e.Execution.Reason); m != nil {
		line, _ = strconv.Atoi(m[1])
	}
	return line, 0
}

var blankLines = regexp.MustCompile(`\n\s*\n`)

// Text is the message without the position, which counts from the beginning of
// the statement; see Position.
func (e *FailedError) Text() string {
	text := blankLines.ReplaceAllString(position.ReplaceAllString(e.Execution.Reason, ""), "\n")
	return strings.TrimSpace(strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(text), ":"), ": : ", ": "))
}
