package job

// Class is the failure class of a run, a job or an attempt. It decides how the
// failure is handled, and is shown and counted.
type Class string

// The failure classes; "" is success.
const (
	ClassCapacity   Class = "capacity"   // EC2 lacked capacity: next fallback of the profile
	ClassQuota      Class = "quota"      // AWS throttled or a limit is reached: wait, with full jitter
	ClassPermission Class = "permission" // AWS denied access: notify the owner
	ClassBootstrap  Class = "bootstrap"  // a bootstrap action failed: next fallback
	ClassJob        Class = "job"        // the program failed: the job's own retries
	ClassData       Class = "data"       // a check failed, or the outputs are malformed
	ClassTimeout    Class = "timeout"    // a deadline passed
	ClassLimit      Class = "limit"      // it would have cost more than its pipeline allows
	ClassCancelled  Class = "cancelled"  // cancelled on request
	ClassLost       Class = "lost"       // the cluster or the step vanished, or its outcome is unknown
	ClassInvalid    Class = "invalid"    // the request or the pipeline is wrong
	ClassInternal   Class = "internal"   // an error of ephemr itself
)

// Classes lists every failure class.
var Classes = []Class{
	ClassCapacity, ClassQuota, ClassPermission, ClassBootstrap, ClassJob, ClassData,
	ClassTimeout, ClassLimit, ClassCancelled, ClassLost, ClassInvalid, ClassInternal,
}
