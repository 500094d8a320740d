package run

// Query selects runs: newest logical time first.
type Query struct {
	Pipeline string // "" = all pipelines, by state
	State    State  // "" = any
	Limit    int
}
