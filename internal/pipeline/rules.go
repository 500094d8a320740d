package pipeline

import (
	"maps"
	"net/mail"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// rules checks a Spec. Files, requests and specs built in Go pass through here.
type rules struct {
	*faults
	spec  Spec
	zones []string // of the lake; nil = not known here
	vars  []string // of the stage; nil = not known here

	destinations []string // of notices; nil = not known here

	other []string // buckets beside the lake whose objects are triggers
	adhoc bool     // a request's

	refused func(Cluster) []Refusal // overrides that the profile does not allow; nil = not known here

	zoneOf map[string]string // zone by bucket
}

func newRules(s Spec, f *faults, opts []Option) *rules {
	r := &rules{faults: f, spec: s}
	for _, o := range opts {
		o(r)
	}
	return r
}

// MaxPriority is the highest priority of a run; 0 is the lowest.
const MaxPriority = 9

// The bounds of a pipeline.
const (
	maxJobs      = 200
	maxTriggers  = 20
	maxParams    = 50
	maxChecks    = 50
	maxOutputs   = 50
	maxList      = 500 // entries of any other list or table
	maxMatrix    = 100
	maxRetries   = 10
	maxActive    = 1000
	maxSteps     = 256 // EMR's StepConcurrencyLevel
	maxUnits     = 1000
	maxTimeout   = MaxDeadline
	minKeepAlive = 2 * time.Minute
	maxKeepAlive = 24 * time.Hour

	minCatchupWindow = time.Hour
	maxCatchupWindow = 400 * 24 * time.Hour // as long as runs are kept

	maxTextBytes = 1024 // of a description
)

// MaxDeadline is the longest time from the admission of a run to its end.
const MaxDeadline = 7 * 24 * time.Hour

// A name is part of run ids: with 40 letters an id has 63, and Step Functions
// takes 80.
var (
	namePattern  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	paramPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,39}$`)

	clusterPattern = regexp.MustCompile(`^j-[0-9A-Z]{1,20}$`)
	folderPattern  = regexp.MustCompile(`^tests/[a-z0-9-]{1,60}$`)
)

const (
	nameRule  = "use up to 40 of a-z, 0-9 and -, beginning with a letter"
	paramRule = "use up to 40 letters, digits and _, beginning with a letter"
)

func (r *rules) check() {
	r.head()
	r.triggers()
	r.params()
	r.matrix()
	r.cluster()
	r.approvals()
	r.waitFor()
	r.limits()
	r.jobs()
	r.when()
	r.checks()
	r.outputs()
	r.publish()
	r.notify()
	r.ownOutputs()
	r.literals()
	if len(r.spec.Jobs) <= maxJobs { // what follows costs more than the number of jobs
		r.needs()
		r.templates()
		r.conditions()
		r.waitForTemplates()
		r.publishTemplates()
	}
}

// fault reports a broken rule, unless the value could not even be read.
func (r *rules) fault(p *place, format string, args ...any) {
	if !r.isTainted(p) {
		r.add(p, format, args...)
	}
}

func (r *rules) within(p *place, what string, v, low, high int) {
	if v < low || v > high {
		r.fault(p, "%s is %d; use %d to %d", what, v, low, high)
	}
}

func (r *rules) atMost(p *place, what string, n, high int) {
	if n > high {
		r.fault(p, "%d %s; a pipeline has at most %d", n, what, high)
	}
}

func (r *rules) duration(p *place, d Duration, low, high time.Duration) {
	if d.Std() < low || d.Std() > high {
		r.fault(p, "%s is out of range; use %s to %s", short(d.Std()), short(low), short(high))
	}
}

// short formats a duration without zero units: 168h, not 168h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

func root(name string) *place { return (*place)(nil).key(name) }

func (r *rules) head() {
	r.name()
	if o := r.spec.Owner; o != "" && !isEmail(o) {
		r.fault(root("owner"), "invalid e-mail address %q (example: team@example.com)", o)
	}
	if n := len(r.spec.Description); n > maxTextBytes {
		r.fault(root("description"), "%d bytes long; use at most %d", n, maxTextBytes)
	}
	if _, err := loadZone(r.spec.Timezone); err != nil {
		r.fault(root("timezone"), "%v", err)
	}
	if t := r.spec.Team; t != "" && !namePattern.MatchString(t) {
		r.fault(root("team"), "invalid name %q: %s", t, nameRule)
	}
	r.within(root("priority"), "the priority", r.spec.Priority, 0, MaxPriority)
}

func (r *rules) name() {
	switch name := r.spec.Name; {
	case name == "":
		r.fault(root("pipeline"), "the pipeline has no name; add \"pipeline: <name>\"")
	case !namePattern.MatchString(name):
		r.fault(root("pipeline"), "invalid name %q: %s", name, nameRule)
	case !r.adhoc && strings.HasPrefix(name, "adhoc-"):
		r.fault(root("pipeline"), "names beginning with adhoc- are reserved for ephemr submit; choose another")
	}
	if f := r.spec.LakeFolder; f != "" && (!r.adhoc || !folderPattern.MatchString(f)) {
		r.fault(root("lakeFolder"), "invalid folder %q: only ephemr test sets it; remove it", f)
	}
}

func (r *rules) cluster() {
	p, c := root("cluster"), r.spec.Cluster
	switch {
	case c.Profile == "":
		r.fault(p.key("profile"), "the cluster has no profile; add \"cluster: {profile: <name>}\"")
	case !namePattern.MatchString(c.Profile):
		r.fault(p.key("profile"), "invalid name %q: %s", c.Profile, nameRule)
	}
	if c.StepConcurrency != 0 {
		r.within(p.key("stepConcurrency"), "the step concurrency", c.StepConcurrency, 1, maxSteps)
	}
	r.overrides(c)
	r.pool(p, c)
}

func (r *rules) pool(p *place, c Cluster) {
	if c.Pool != "" && !namePattern.MatchString(c.Pool) {
		r.fault(p.key("pool"), "invalid name %q: %s", c.Pool, nameRule)
	}
	if c.KeepAlive != 0 {
		r.duration(p.key("keepAlive"), c.KeepAlive, minKeepAlive, maxKeepAlive)
	}
	switch {
	case c.ID == "":
	case !r.adhoc:
		r.fault(p.key("id"), "a pipeline cannot name a cluster, because clusters are short-lived; remove it, or use ephemr submit --cluster")
	case !clusterPattern.MatchString(c.ID):
		r.fault(p.key("id"), "invalid cluster id %q (example: j-2AXXXXXXGAPLF)", c.ID)
	case c.Pool != "" || c.KeepAlive != 0:
		r.fault(p.key("id"), "pool and keepAlive cannot be set for an existing cluster; remove them")
	}
}

func (r *rules) limits() {
	p, l := root("limits"), r.spec.Limits
	r.within(p.key("maxActive"), "maxActive", l.MaxActive, 0, maxActive)
	r.within(p.key("maxActivePerValue"), "maxActivePerValue", l.MaxPerValue, 0, maxActive)
	r.within(p.key("maxChain"), "maxChain", l.MaxChain, 0, maxChain)
	if l.MaxPerValue > 0 && len(r.spec.Matrix) == 0 {
		r.fault(p.key("maxActivePerValue"), "the pipeline has no matrix; add one, or use maxActive")
	}
	if l.Deadline != 0 {
		r.duration(p.key("deadline"), l.Deadline, time.Minute, maxTimeout)
	}
	if l.CleanUp != 0 {
		r.duration(p.key("cleanUp"), l.CleanUp, time.Second, MaxCleanUp)
		if !slices.ContainsFunc(r.spec.Jobs, func(j Job) bool { return j.When.conditional() }) {
			r.fault(p.key("cleanUp"), "no job has when: always or when: failure; add it to the jobs that clean up, or remove cleanUp")
		}
	}
	if l.Cost != "" && l.MostUSD() == 0 {
		r.fault(p.key("cost"), "invalid amount %q (example: \"5 USD\")", l.Cost)
	}
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && a.Name == ""
}

// isInside reports whether name is a clean relative path that does not leave its
// directory.
func isInside(name string) bool {
	return filepath.IsLocal(name) && !strings.Contains(name, `\`) && !strings.ContainsAny(name, "\x00\n\r")
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
