package pipeline

// ValidName reports whether a pipeline may have this name.
func ValidName(name string) bool { return namePattern.MatchString(name) }
