package localemr

import (
	"io"
	"net/http"
	"path"
	"time"
)

// The part of EC2's metadata service that credential providers use, for programs that
// ask for the instance profile by name. The SDKs find it by a variable; a program
// with the address 169.254.169.254 does not.
const (
	metadataPath     = "/_localemr/metadata/"
	variableMetadata = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
	profileKeys      = "/latest/meta-data/iam/security-credentials/"
)

// metadataKeys are credentials as the metadata service shows them.
type metadataKeys struct {
	Code            string
	Type            string
	LastUpdated     time.Time
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      time.Time
}

func (s *Server) addMetadata(mux *http.ServeMux) {
	const root = metadataPath + "{cluster}/{token}"
	texts := map[string]func(*record) string{
		profileKeys + "{$}":                             func(c *record) string { return path.Base(c.Cluster.EC2InstanceAttributes.IamInstanceProfile) },
		"/latest/meta-data/instance-id":                 func(c *record) string { return c.primary().EC2InstanceID },
		"/latest/meta-data/placement/region":            func(*record) string { return s.cfg.Region },
		"/latest/meta-data/placement/availability-zone": func(c *record) string { return c.Cluster.EC2InstanceAttributes.EC2AvailabilityZone },
	}
	for at, text := range texts {
		mux.HandleFunc("GET "+root+at, s.metadata(func(w http.ResponseWriter, _ *http.Request, c *record) {
			s.mu.Lock()
			value := text(c)
			s.mu.Unlock()
			_, _ = io.WriteString(w, value)
		}))
	}
	mux.HandleFunc("PUT "+root+"/latest/api/token", s.metadata(func(w http.ResponseWriter, r *http.Request, c *record) {
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"))
		_, _ = io.WriteString(w, c.token)
	}))
	mux.HandleFunc("GET "+root+profileKeys+"{role}", s.metadata(func(w http.ResponseWriter, r *http.Request, c *record) {
		keys := s.keysOf(r, c)
		s.writeAdmin(w, r, metadataKeys{
			Code: "Success", Type: "AWS-HMAC", LastUpdated: time.Now().UTC(), AccessKeyID: keys.AccessKeyID,
			SecretAccessKey: keys.SecretAccessKey, Token: keys.Token, Expiration: keys.Expiration,
		})
	}))
}

// metadata answers only the processes of the cluster, whose address has its token.
func (s *Server) metadata(do func(http.ResponseWriter, *http.Request, *record)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := s.clusterWith(r.PathValue("cluster"), r.PathValue("token"))
		if c == nil {
			http.Error(w, "not a running cluster", http.StatusNotFound)
			return
		}
		do(w, r, c)
	}
}
