// Package emrreleases knows the releases of Amazon EMR, their applications and the
// instance types that EMR supports.
//
// Sources: the EMR Release Guide, "Application versions" of the 5.x, 6.x and 7.x
// releases (releases.json: the versions of Apache's projects, each from the release
// that introduced it); "Supported instance types" of the Management Guide with the
// sizes of EC2's DescribeInstanceTypes in us-east-1 (instancetypes.csv). They are as
// of September 2026. Where an application's version is not recorded, it has none.
package emrreleases

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"ephemr/internal/profile"
)

//go:embed releases.json
var releasesSource []byte

// series is a line of releases, oldest first.
type series struct {
	Labels       []string
	Applications map[string]map[string]string // version by the release that introduced it
}

var load = sync.OnceValue(func() []series {
	var all []series
	if err := json.Unmarshal(releasesSource, &all); err != nil {
		panic(fmt.Sprintf("read releases.json: %v", err)) // committed beside this file
	}
	return all
})

// Labels returns all release labels, newest first.
func Labels() []string {
	var all []string
	for _, s := range load() {
		all = append(all, s.Labels...)
	}
	slices.Reverse(all)
	return all
}

// Release is a release of EMR.
type Release struct {
	Label  string
	series series
}

// Find returns a release by its label.
func Find(label string) (Release, bool) {
	for _, s := range load() {
		if slices.Contains(s.Labels, label) {
			return Release{Label: label, series: s}, true
		}
	}
	return Release{}, false
}

// Application is an application of a release.
type Application struct{ Name, Version string }

// Applications returns the applications of r in alphabetical order.
func (r Release) Applications() []Application {
	var all []Application
	for name, versions := range r.series.Applications {
		all = append(all, Application{Name: name, Version: r.version(versions)})
	}
	slices.SortFunc(all, func(a, b Application) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return all
}

// Application finds an application of r; the case of its name is irrelevant to EMR.
func (r Release) Application(name string) (Application, bool) {
	for known, versions := range r.series.Applications {
		if strings.EqualFold(known, name) {
			return Application{Name: known, Version: r.version(versions)}, true
		}
	}
	return Application{}, false
}

// version is the one of the newest release that is not after r.
func (r Release) version(since map[string]string) string {
	newest, version := "", ""
	for release, v := range since {
		if atLeast(r.Label, release) && (newest == "" || atLeast("emr-"+release, newest)) {
			newest, version = release, v
		}
	}
	return version
}

func atLeast(label, release string) bool {
	var major, minor, patch int
	if _, err := fmt.Sscanf(release, "%d.%d.%d", &major, &minor, &patch); err != nil {
		panic(fmt.Sprintf("read releases.json: release %q: %v", release, err))
	}
	return profile.ReleaseAtLeast(label, major, minor, patch)
}
