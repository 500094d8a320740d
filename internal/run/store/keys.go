package store

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/run"
)

// Names in the Runs table. Everything of a run shares its partition.
const (
	pk, sk      = "pk", "sk"
	runKey      = "RUN"
	specKey     = "SPEC"
	waitKey     = "WAIT"
	jobPrefix   = "JOB#"
	tryPrefix   = "CLUSTER#"
	gsState     = "gsState" // index byState: run state, UNTOLD until its outcome is told, or WAITING for waiters
	gsOrder     = "gsOrder" // what comes first sorts first
	gpPipeline  = "gpPipeline"
	gpOrder     = "gpOrder" // logical time # run id
	waiting     = "WAITING"
	untold      = "UNTOLD"
	keepHistory = 400 * 24 * time.Hour
)

// Indexes of the Runs table.
const (
	ByState    = "byState"
	ByPipeline = "byPipeline"
)

type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func key(id, sort string) item { return item{pk: str(id), sk: str(sort)} }

// teamsKey is the partition that lists the teams that ever asked for a run.
const teamsKey = "TEAMS"

// queueOf is the index partition of a team's queued runs. Each team has its own,
// so that nobody's burst stands between admission and somebody's single run.
func queueOf(team string) string { return string(run.Queued) + "#" + cmp.Or(team, run.NoTeam) }

// partition is where r stands in the index byState.
func partition(r run.Run) string {
	if r.State == run.Queued {
		return queueOf(r.Team)
	}
	return string(r.State)
}

func jobKey(name string) string { return jobPrefix + name }

func attemptKey(n int) string { return fmt.Sprintf(tryPrefix+"%03d", n) }

// requestKey is where the use of a request id is kept: nobody can use up the ids
// of others. The session of a role is not who it is.
func requestKey(t run.Trigger) string {
	who, _, _ := strings.Cut(t.Sender, ":")
	return "REQUEST#" + who + "#" + t.RequestID
}

// order sorts queued runs: high priority first, then the oldest.
func order(r run.Run) string {
	return fmt.Sprintf("%d#%s#%s", 9-r.Priority, stamp(r.RequestedAt), r.ID)
}

// stamp is a time that sorts as text.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}
