package pipeline

// Context is what templates can refer to: facts about the run.
type Context struct {
	RunID       string
	Pipeline    string
	Stage       string
	LogicalDate string // 2006-01-02
	LogicalTime string // RFC 3339
	Params      map[string]string
	Secrets     map[string]string     // those of Params that errors must not show
	Trigger     map[string]string     // those of TriggerKeys that this run has
	Lake        map[string]string     // zone -> s3://bucket
	Jobs        map[string]JobContext // the jobs that have succeeded
}

// JobContext is what a job that has succeeded leaves for the next ones.
type JobContext struct {
	Outputs map[string]string
}

// TriggerKeys are the entries .Trigger can have.
var TriggerKeys = []string{
	"Kind",      // schedule, s3, request or manual
	"Object",    // s3 without batch: the object's address, s3://bucket/key
	"Bucket",    // s3 without batch
	"Key",       // s3 without batch
	"VersionID", // s3 without batch, when the bucket has versions
	"Objects",   // s3: the addresses of up to MaxTriggerObjects objects, separated by commas
	"Count",     // s3: number of objects
	"Bytes",     // s3: their size
	"Manifest",  // s3 with batch: address of the list of all objects, JSON Lines
	"RequestID", // request
}

// MaxTriggerObjects is how many objects a run has in .Trigger.Objects at most.
const MaxTriggerObjects = 50

// The fields of Context by what they hold.
var (
	textFields  = []string{"RunID", "Pipeline", "Stage", "LogicalDate", "LogicalTime"}
	tableFields = []string{"Params", "Trigger", "Lake", "Jobs"}
	timeFields  = []string{"LogicalDate", "LogicalTime"} // those that a param's default may use
)

// data is c as templates see it: maps and strings only, so that they have no
// methods to call.
func (c Context) data() map[string]any {
	jobs := make(map[string]any, len(c.Jobs))
	for name, j := range c.Jobs {
		jobs[name] = map[string]any{"Outputs": filled(j.Outputs)}
	}
	return map[string]any{
		"RunID": c.RunID, "Pipeline": c.Pipeline, "Stage": c.Stage,
		"LogicalDate": c.LogicalDate, "LogicalTime": c.LogicalTime,
		"Params": filled(c.Params), "Trigger": filled(c.Trigger), "Lake": filled(c.Lake), "Jobs": jobs,
	}
}

func filled(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
