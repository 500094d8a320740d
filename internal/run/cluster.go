package run

// CountOf is how many units of a kind c was created with.
func (c Cluster) CountOf(kind string) int {
	n := 0
	for _, u := range c.Units {
		if u.Kind == kind {
			n += u.Count
		}
	}
	return n
}

// More is how many more units of a kind c has than it was created with.
func (c Cluster) More(kind string) int {
	more := 0
	for _, r := range c.Resizes {
		if r.Kind == kind {
			more = r.More
		}
	}
	return more
}
