package chaos

import (
	"fmt"
	"math/rand/v2"

	"ephemr/internal/proof/chaos/evidence"
)

// poison are bodies of requests that are wrong; %s is what they are found by.
var poison = []string{
	`{"requestId": "%s", "pipeline": "nobody"}`,
	`{"requestId": "%s", "pipeline": "solo", "params": {"country": "pt"}}`,
	`{"requestId": "%s", "pipelin": "solo"}`,
	`{"requestId": "%s", `,
}

// asks draws the requests: n that are right, and a wrong one for every 20.
func asks(n int, seed uint64) []evidence.Ask {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // to be repeatable
	var all []evidence.Ask
	for i := range n {
		a := evidence.Ask{ID: fmt.Sprintf("c%d-%d", seed, i), Pipeline: names[random.IntN(len(names))], Times: 1}
		switch dice := random.IntN(100); {
		case dice < 50:
			a.Kind = evidence.Request
		case dice < 70:
			a.Kind, a.ID = evidence.Upload, a.Pipeline+"/"+a.ID
		case dice < 90:
			a.Kind, a.ID = evidence.Event, a.Pipeline+"/"+a.ID
		default:
			a.Kind = evidence.Hand
		}
		if random.IntN(4) == 0 {
			a.Times += 1 + random.IntN(2)
		}
		all = append(all, a)
		if i%20 == 10 {
			wrong := evidence.Ask{ID: fmt.Sprintf("x%d-%d-", seed, i), Kind: evidence.Poison, Times: 1}
			wrong.Body = fmt.Sprintf(poison[random.IntN(len(poison))], wrong.ID)
			all = append(all, wrong)
		}
	}
	return all
}
