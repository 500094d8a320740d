// Package ephemr contains what the command line shows of this repository.
package ephemr

import _ "embed"

// Changelog is CHANGELOG.md.
//
//go:embed CHANGELOG.md
var Changelog string
