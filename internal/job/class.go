package job

// Class says why a run, a job or an attempt did not succeed. It decides what is
// done about it, and it is what people see and count.
type Class string

// The failure classes; "" is success.
const (
	ClassCapacity   Class = "capacity"   // EC2 had no room: next rung of the profile's ladder
	ClassQuota      Class = "quota"      // AWS throttled or a limit is reached: wait, with full jitter
	ClassPermission Class = "permission" // AWS refused: tell the owner
	ClassBootstrap  Class = "bootstrap"  // a bootstrap action failed: next rung
	ClassJob        Class = "job"        // the program failed: the job's own retries
	ClassData       Class = "data"       // a check failed
	ClassTimeout    Class = "timeout"    // a deadline passed
	ClassCancelled  Class = "cancelled"  // somebody asked for it
	ClassLost       Class = "lost"       // the cluster or the step vanished, or nobody can say how it ended
	ClassInvalid    Class = "invalid"    // the request or the pipeline is wrong
	ClassInternal   Class = "internal"   // ephemr's own fault
)

// Classes lists every failure class.
var Classes = []Class{
	ClassCapacity, ClassQuota, ClassPermission, ClassBootstrap, ClassJob, ClassData,
	ClassTimeout, ClassCancelled, ClassLost, ClassInvalid, ClassInternal,
}
