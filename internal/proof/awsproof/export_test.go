package awsproof

// Judge makes the report of observations.
func Judge(local bool, observations ...Observation) *Report {
	r := &Report{Local: local, Region: "eu-west-1", Observations: observations, accounts: []string{"111122223333"}}
	r.judge()
	return r
}
