package awsproof

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Verdict says how what was observed compares with what the code assumes.
type Verdict string

// The verdicts.
const (
	AsAssumed  Verdict = "as assumed"
	Different  Verdict = "different"
	NotSettled Verdict = "not settled"
	OnLaptop   Verdict = "laptop" // observed on the local region: nothing is known of AWS
)

// judge decides from the facts of a probe. ok is nothing without the facts that it needs.
type judge struct {
	shows []string                       // facts that are evidence
	holds func(f Facts) (is, known bool) // whether the assumption holds
}

// all holds if every fact has a value that begins with the wanted one.
func all(want Facts, shows ...string) judge {
	names := slices.Sorted(maps.Keys(want))
	return judge{append(names, shows...), func(f Facts) (is, known bool) {
		is = true
		for _, name := range names {
			value, found := f[name]
			if !found || value == "" {
				return false, false
			}
			is = is && strings.HasPrefix(value, want[name])
		}
		return is, true
	}}
}

// same holds if two facts are equal.
func same(a, b string, shows ...string) judge {
	return judge{append([]string{a, b}, shows...), func(f Facts) (is, known bool) {
		return f[a] == f[b], f[a] != "" && f[b] != ""
	}}
}

// differ holds if two facts are not equal.
func differ(a, b string) judge {
	equal := same(a, b)
	return judge{equal.shows, func(f Facts) (is, known bool) {
		is, known = equal.holds(f)
		return !is, known
	}}
}

// within holds if a fact is a number of at most so much.
func within(name string, most float64, shows ...string) judge {
	return judge{append([]string{name}, shows...), func(f Facts) (is, known bool) {
		n, err := strconv.ParseFloat(f[name], 64)
		return n <= most, err == nil
	}}
}

// custom holds if check does, given that the first fact to show is there.
func custom(check func(Facts) bool, shows ...string) judge {
	return judge{shows, func(f Facts) (is, known bool) { return check(f), f[shows[0]] != "" }}
}

// Finding is the answer to a doubt.
type Finding struct {
	Doubt    Doubt
	Verdict  Verdict
	Would    Verdict // on the laptop: what the verdict would be
	Evidence string
}

// find judges a doubt.
func (d Doubt) find(all []Observation) Finding {
	i := slices.IndexFunc(all, func(o Observation) bool { return o.Probe.Name == d.Probe })
	if i < 0 {
		return Finding{Doubt: d, Verdict: NotSettled, Evidence: "probe " + d.Probe + " was not run"}
	}
	o := all[i]
	is, known := d.judge.holds(o.Facts)
	f := Finding{Doubt: d, Verdict: Different, Evidence: o.Facts.show(d.judge.shows)}
	switch {
	case !known:
		f.Verdict = NotSettled
		f.Evidence = strings.TrimPrefix(f.Evidence+"; "+o.failure(), "; ")
	case is:
		f.Verdict = AsAssumed
	}
	return f
}

// failure says why an observation lacks facts.
func (o Observation) failure() string {
	if o.Err != nil {
		return o.Err.Error()
	}
	if reason := o.Facts["run_reason"]; reason != "" {
		return fmt.Sprintf("run %s is %s: %s", o.Facts["run"], o.Facts["run_state"], reason)
	}
	return "probe " + o.Probe.Name + " did not see it"
}

func (f Facts) show(names []string) string {
	var parts []string
	for _, name := range names {
		if value := f[name]; value != "" {
			parts = append(parts, name+": "+value)
		}
	}
	return strings.Join(parts, "; ")
}
