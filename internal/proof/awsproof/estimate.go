package awsproof

import (
	"fmt"
	"strings"
	"time"
)

// What the estimate assumes: the dearest type of the stage's profiles, on demand, in
// us-east-1, and a sum for functions, storage and logs.
// Source: the AWS pricing pages of Amazon EC2 and Amazon EMR.
const (
	usdAnHour = 0.24
	usdOther  = 0.10
	forStage  = 10 * time.Minute // deployment and destruction
)

// Estimate is what the probes of o cost, and how long all takes.
func Estimate(o Options) (usd float64, took time.Duration, err error) {
	probes, err := choose(o)
	if err != nil {
		return 0, 0, err
	}
	lanes := map[string]time.Duration{}
	for _, p := range probes {
		usd += float64(p.Instances) * p.Lasts.Hours() * usdAnHour
		lanes[p.Lane] += p.Lasts
	}
	for _, lane := range lanes {
		took = max(took, lane)
	}
	return usd + usdOther, took + forStage, nil
}

// Plan says what Run will do, for the person who has to agree.
func Plan(o Options, account, region string) (string, error) {
	usd, took, err := Estimate(o)
	if err != nil {
		return "", err
	}
	probes, err := choose(o)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	_, _ = fmt.Fprintf(&text, "account %s, Region %s: deploys stage %s, runs these probes, destroys the stage and reports.\n\n", account, region, Stage)
	for _, p := range probes {
		_, _ = fmt.Fprintf(&text, "  %-12s  %s\n", p.Name, p.About)
	}
	_, _ = fmt.Fprintf(&text, "\nTakes about %.0f minutes and costs about %.2f USD (list prices of us-east-1).\n", took.Minutes(), usd)
	return text.String(), nil
}
