package laptop

// For tests: when a process was created, and which ones belong to a region.
var (
	Created = created
	Marked  = marked
)
