package run

// Query describes a list of runs: newest logical time first.
type Query struct {
	Pipeline string // "" = all, by state
	State    State  // "" = any
	Limit    int
}
