package laptop

// For tests: what identifies a process, and which ones belong to a region.
var (
	StartTime = startTime
	Marked    = marked
)
