package chaos

// For tests.
var (
	Requests    = newRequests
	Faults      = faultsOf
	LosesEvents = losesEvents

	ApplicationsOf = applicationsOf
)
