package cluster

import "ephemr/internal/fault"

// Foreign says whether err, of a call about one cluster, means that it is none
// of ours: EMR has forgotten it or never knew it, or our rights end, as they do
// where the tag is another stage's.
func Foreign(err error) bool {
	return fault.NameOf(err) == fault.InvalidInput || fault.Code(err) == "AccessDeniedException"
}
