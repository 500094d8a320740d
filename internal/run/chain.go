package run

import (
	"regexp"
	"slices"
)

// Chain is how a run follows from others of its pipeline: each was started by an object
// that was created while the one before was at work.
type Chain struct {
	Length int    `dynamodbav:"length" json:"length"` // runs before this one
	Former string `dynamodbav:"former" json:"former"` // id of the one before
	First  string `dynamodbav:"first" json:"first"`   // id of the first
}

// Next is the chain of a run that follows the run id, whose chain is c.
func (c *Chain) Next(id string) *Chain {
	if c == nil {
		return &Chain{Length: 1, Former: id, First: id}
	}
	return &Chain{Length: c.Length + 1, Former: id, First: c.First}
}

// anID matches ids of runs in a path, and the names of their pipelines.
var anID = regexp.MustCompile(`(?:^|[^a-z0-9-])([a-z][a-z0-9-]*)-[0-9]{8}T[0-9]{4}-[0-9a-f]{20}`)

// ofTest matches the folder of a test in a zone of the lake, as ephemr test makes it.
var ofTest = regexp.MustCompile(`^tests/test-[a-z0-9-]+-[a-z2-7]{6}/`)

// OfTest reports whether an object with this key belongs to a test: it starts no run, whatever
// pipelines are registered.
func OfTest(key string) bool { return ofTest.MatchString(key) }

// Names reports whether the key of an object contains the id of a run of a pipeline: only
// its runs know their ids before they are at work.
func Names(key, pipelineName string) bool {
	return slices.ContainsFunc(anID.FindAllStringSubmatch(key, -1), func(m []string) bool { return m[1] == pipelineName })
}
