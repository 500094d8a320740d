package chaos

// For tests.
var (
	Asks   = asks
	Faults = of
	Deaf   = deaf
)
