package laptop

// Processes returns the processes of the region: the emulator, localemr, and
// whatever they started in turn.
func (r *Region) Processes() []int { return marked(r.Dir) }
