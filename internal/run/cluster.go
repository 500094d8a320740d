package run

// CountOf is how many units of a kind c was made of.
func (c Cluster) CountOf(kind string) int {
	n := 0
	for _, u := range c.Units {
		if u.Kind == kind {
			n += u.Count
		}
	}
	return n
}

// More is by how many units of a kind c differs from what it was made of.
func (c Cluster) More(kind string) int {
	more := 0
	for _, r := range c.Resizes {
		if r.Kind == kind {
			more = r.More
		}
	}
	return more
}
