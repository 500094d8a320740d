package localemr

import "net/http"

// Overview is a cluster as GET /_localemr/clusters shows it.
type Overview struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"`
}

// getClusters lists all clusters at one moment, oldest first. Faults do not apply
// and the call is not counted, so it has no effect on a test.
func (s *Server) getClusters(w http.ResponseWriter, r *http.Request) {
	all := []Overview{}
	s.mu.Lock()
	for _, c := range s.order {
		all = append(all, Overview{ID: c.Cluster.ID, Name: c.Cluster.Name, State: c.state()})
	}
	s.mu.Unlock()
	s.writeAdmin(w, r, all)
}
