package ddbexpr

import (
	_ "embed"
	"strings"
	"sync"
)

// reservedWords is the list in DynamoDB's developer guide ("Reserved words in
// DynamoDB"): names that an expression may only use through a #placeholder.
//
//go:embed reserved.txt
var reservedWords string

var reserved = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(reservedWords) {
		set[w] = true
	}
	return set
})
