package pipeline

// StepConcurrency returns how many steps the run's cluster is to run side by
// side: what the file says, or else MaxParallel.
func (s Spec) StepConcurrency() int {
	if n := s.Cluster.StepConcurrency; n > 0 {
		return n
	}
	return s.MaxParallel()
}

// MaxParallel returns the largest number of jobs that can ever run at the same
// time, at least 1 and at most 256, EMR's limit. It is exact: by Dilworth's
// theorem the widest set of jobs of which none needs another is as large as
// the smallest number of chains that cover the DAG, and that is the number of
// jobs less a largest matching of jobs with their followers.
func (s Spec) MaxParallel() int {
	jobs := s.AllJobs()
	index := make(map[string]int, len(jobs))
	for i, j := range jobs {
		index[j.Name] = i
	}
	needs := make([][]int, len(jobs)) // of each job, direct and indirect
	for i, j := range jobs {
		for name := range upstream(jobs, j.Name) {
			needs[i] = append(needs[i], index[name])
		}
	}
	follower := make([]int, len(jobs)) // the job each one is matched with
	for i := range follower {
		follower[i] = -1
	}
	matched := 0
	for i := range needs {
		if match(i, needs, follower, make([]bool, len(needs))) {
			matched++
		}
	}
	return min(max(len(jobs)-matched, 1), maxSteps)
}

// match finds a free need for job i, moving others to another need if it must.
func match(i int, needs [][]int, follower []int, tried []bool) bool {
	for _, n := range needs[i] {
		if tried[n] {
			continue
		}
		tried[n] = true
		if follower[n] < 0 || match(follower[n], needs, follower, tried) {
			follower[n] = i
			return true
		}
	}
	return false
}
