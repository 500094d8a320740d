package awsfake

import (
	"slices"
	"sync"
)

// Applications are the YARN applications of all clusters, by their tags. One does
// not end with the step whose program has submitted it, but when it is killed or
// with its cluster. Its methods may be called from the functions of an EMRConfig.
// Source: AWS re:Post, "How do I cancel an Amazon EMR step?": kill the YARN
// application of a cancelled step by its id.
type Applications struct {
	mu     sync.Mutex
	living map[string][]string // name of a cluster -> tags
}

// Submit starts an application with a tag on a cluster.
func (a *Applications) Submit(cluster, tag string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.living[cluster] = append(a.living[cluster], tag)
}

// Living returns the tags of a cluster's applications, in the order of their start.
func (a *Applications) Living(cluster string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.living[cluster])
}

// Kill ends the applications of a cluster whose tags match.
func (a *Applications) Kill(cluster string, match func(tag string) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.living[cluster] = slices.DeleteFunc(a.living[cluster], match)
}

// end ends all applications of a cluster.
func (a *Applications) end(cluster string) { a.Kill(cluster, func(string) bool { return true }) }

// Applications are the YARN applications of the clusters.
func (f *EMR) Applications() *Applications { return &f.applications }
