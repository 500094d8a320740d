package localemr

import "net/http"

// Overview is a cluster as GET /_localemr/clusters shows it.
type Overview struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"`
}

// getClusters lists all clusters, oldest first, as they are at one moment. No
// fault strikes here and no call is counted, so whoever watches changes nothing.
func (s *Server) getClusters(w http.ResponseWriter, r *http.Request) {
	all := []Overview{}
	s.mu.Lock()
	for _, c := range s.order {
		all = append(all, Overview{ID: c.Cluster.ID, Name: c.Cluster.Name, State: c.state()})
	}
	s.mu.Unlock()
	s.writeAdmin(w, r, all)
}
