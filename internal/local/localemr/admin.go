package localemr

import (
	"encoding/json"
	"net/http"
)

// Health is the answer of GET /_localemr/health.
type Health struct {
	Status   string         `json:"status"`   // ok
	Clusters map[string]int `json:"clusters"` // by state
}

func (s *Server) addAdmin(mux *http.ServeMux) {
	mux.HandleFunc("GET /_localemr/health", s.getHealth)
	mux.HandleFunc("GET /_localemr/clusters", s.getClusters)
	mux.HandleFunc("GET "+credentialsPath+"{cluster}", s.getCredentials)
	s.addMetadata(mux)
	mux.HandleFunc("GET /_localemr/calls", func(w http.ResponseWriter, r *http.Request) {
		s.writeAdmin(w, r, s.calls.read())
	})
	mux.HandleFunc("POST /_localemr/calls/reset", func(w http.ResponseWriter, r *http.Request) {
		s.calls.reset()
		s.writeAdmin(w, r, s.calls.read())
	})
	mux.HandleFunc("GET /_localemr/settings", func(w http.ResponseWriter, r *http.Request) {
		s.writeAdmin(w, r, s.settings())
	})
	mux.HandleFunc("PUT /_localemr/settings", s.putSettings)
	mux.HandleFunc("GET /_localemr/faults", s.getFaults)
	mux.HandleFunc("POST /_localemr/faults", s.addFaults)
	mux.HandleFunc("PUT /_localemr/faults", s.replaceFaults)
	mux.HandleFunc("DELETE /_localemr/faults", func(w http.ResponseWriter, r *http.Request) {
		s.faults.clear()
		s.getFaults(w, r)
	})
}

func (s *Server) getHealth(w http.ResponseWriter, r *http.Request) {
	h := Health{Status: "ok", Clusters: map[string]int{}}
	s.mu.Lock()
	for _, c := range s.order {
		h.Clusters[c.state()]++
	}
	s.mu.Unlock()
	s.writeAdmin(w, r, h)
}

// putSettings changes the settings that the request contains.
func (s *Server) putSettings(w http.ResponseWriter, r *http.Request) {
	next := s.settings()
	if !s.readAdmin(w, r, &next) {
		return
	}
	if err := next.validate(); err != nil {
		s.refuseAdmin(w, r, err)
		return
	}
	s.mu.Lock()
	if next.Seed != s.live.Seed {
		s.random = newRandom(next.Seed)
		s.faults.reseed(next.Seed)
	}
	s.live = next
	s.mu.Unlock()
	s.writeAdmin(w, r, next)
}

func (s *Server) getFaults(w http.ResponseWriter, r *http.Request) {
	s.writeAdmin(w, r, s.faults.list())
}

func (s *Server) addFaults(w http.ResponseWriter, r *http.Request) {
	var faults []Fault
	if !s.readAdmin(w, r, &faults) {
		return
	}
	if err := s.faults.add(faults); err != nil {
		s.refuseAdmin(w, r, err)
		return
	}
	s.getFaults(w, r)
}

func (s *Server) replaceFaults(w http.ResponseWriter, r *http.Request) {
	var faults []Fault
	if !s.readAdmin(w, r, &faults) {
		return
	}
	if err := s.faults.replace(faults); err != nil {
		s.refuseAdmin(w, r, err)
		return
	}
	s.getFaults(w, r)
}

func (s *Server) readAdmin(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		s.refuseAdmin(w, r, err)
		return false
	}
	return true
}

func (s *Server) refuseAdmin(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	s.encodeAdmin(w, r, map[string]string{"error": err.Error()})
}

func (s *Server) writeAdmin(w http.ResponseWriter, r *http.Request, v any) {
	w.Header().Set("Content-Type", "application/json")
	s.encodeAdmin(w, r, v)
}

func (s *Server) encodeAdmin(w http.ResponseWriter, r *http.Request, v any) {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		s.log.DebugContext(r.Context(), "write answer", "error", err)
	}
}
