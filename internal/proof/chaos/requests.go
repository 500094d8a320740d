package chaos

import (
	"fmt"
	"math/rand/v2"

	"ephemr/internal/proof/chaos/evidence"
)

// invalidBodies are the bodies of invalid requests; %s identifies them.
var invalidBodies = []string{
	`{"requestId": "%s", "pipeline": "unknown"}`,
	`{"requestId": "%s", "pipeline": "solo", "params": {"country": "pt"}}`,
	`{"requestId": "%s", "pipelin": "solo"}`,
	`{"requestId": "%s", `,
}

// newRequests draws n valid requests, and an invalid one for every 20.
func newRequests(n int, seed uint64) []evidence.Request {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // to be repeatable
	var all []evidence.Request
	for i := range n {
		a := evidence.Request{ID: fmt.Sprintf("c%d-%d", seed, i), Pipeline: names[random.IntN(len(names))], Times: 1}
		switch draw := random.IntN(100); {
		case draw < 50:
			a.Kind = evidence.ByQueue
		case draw < 70:
			a.Kind, a.ID = evidence.ByUpload, a.Pipeline+"/"+a.ID
		case draw < 90:
			a.Kind, a.ID = evidence.ByEvent, a.Pipeline+"/"+a.ID
		default:
			a.Kind = evidence.Manual
		}
		if random.IntN(4) == 0 {
			a.Times += 1 + random.IntN(2)
		}
		all = append(all, a)
		if i%20 == 10 {
			wrong := evidence.Request{ID: fmt.Sprintf("x%d-%d-", seed, i), Kind: evidence.Invalid, Times: 1}
			wrong.Body = fmt.Sprintf(invalidBodies[random.IntN(len(invalidBodies))], wrong.ID)
			all = append(all, wrong)
		}
	}
	return all
}
