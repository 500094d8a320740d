package pipeline

// ValidName says whether a pipeline may be called so.
func ValidName(name string) bool { return namePattern.MatchString(name) }
