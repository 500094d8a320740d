package upgrade

import (
	"regexp"
	"strings"

	"ephemr/internal/cli/version"
)

var heading = regexp.MustCompile(`(?m)^## \[([^\]]+)\].*\n`)

// changes are the sections of a changelog, newest first, that are newer than version since; the newest alone if since
// has no tag.
func changes(changelog, since string) string {
	var newer []string
	found := heading.FindAllStringSubmatchIndex(changelog, -1)
	for i, at := range found {
		end := len(changelog)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		if strings.TrimSpace(changelog[at[1]:end]) == "" {
			continue // nothing is unreleased
		}
		name := changelog[at[2]:at[3]]
		old, known := version.Older(since, "v"+name)
		if name != unreleased && known && !old {
			break
		}
		if name != unreleased && !known && len(newer) > 0 {
			break
		}
		newer = append(newer, strings.TrimSpace(changelog[at[0]:end]))
	}
	return strings.Join(newer, "\n\n")
}

// unreleased is the section of changes after the newest version.
const unreleased = "Unreleased"
