package localemr

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// The endpoint of container credentials is the one that all AWS SDKs ask when the
// environment has no keys. It serves the role of the cluster's instance profile.
const (
	credentialsPath = "/_localemr/credentials/" //nolint:gosec // a path
	variableURI     = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	variableToken   = "AWS_CONTAINER_AUTHORIZATION_TOKEN" //nolint:gosec // the name of a variable
)

// keyVariables are the keys of an environment.
var keyVariables = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}

// roleTime is how long credentials from STS are valid at least.
const roleTime = 55 * time.Minute

// containerCredentials is an answer of the endpoint.
type containerCredentials struct {
	RoleArn         string `json:",omitempty"`
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      time.Time
}

// withInstanceProfile replaces the keys of a process's environment by the endpoint,
// if there is one.
func (s *Server) withInstanceProfile(env []string, cluster string) []string {
	if s.cfg.URL == "" || s.cfg.Roles == nil {
		return env
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clusters[cluster]
	if c == nil {
		return env
	}
	env = slices.DeleteFunc(env, func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(keyVariables, name)
	})
	return append(env, variableURI+"="+s.cfg.URL+credentialsPath+cluster, variableToken+"="+c.token,
		variableMetadata+"="+s.cfg.URL+metadataPath+cluster+"/"+c.token)
}

func (s *Server) getCredentials(w http.ResponseWriter, r *http.Request) {
	c := s.clusterWith(r.PathValue("cluster"), r.Header.Get("Authorization"))
	if c == nil {
		w.WriteHeader(http.StatusUnauthorized)
		s.encodeAdmin(w, r, map[string]string{"code": "Unauthorized", "message": "The authorization token is not that of a running cluster."})
		return
	}
	s.writeAdmin(w, r, s.keysOf(r, c))
}

// clusterWith finds a running cluster by its id and token.
func (s *Server) clusterWith(id, token string) *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clusters[id]
	if c == nil || c.over() || subtle.ConstantTimeCompare([]byte(token), []byte(c.token)) == 0 {
		return nil
	}
	return c
}

// keysOf returns the keys of a cluster's instances, for half of their time the same.
func (s *Server) keysOf(r *http.Request, c *record) containerCredentials {
	s.mu.Lock()
	keys, profile := c.keys, c.Cluster.EC2InstanceAttributes.IamInstanceProfile
	s.mu.Unlock()
	if time.Until(keys.Expiration) > roleTime/2 {
		return keys
	}
	keys = s.instanceCredentials(r, profile)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.keys = keys
	return keys
}

// instanceCredentials are those of the profile's role. Without such a role they are
// the server's own, so that a client without roles works.
func (s *Server) instanceCredentials(r *http.Request, profile string) containerCredentials {
	out := containerCredentials{Expiration: time.Now().Add(roleTime).UTC()}
	role := s.roleOf(profile)
	keys, err := s.assume(r.Context(), role, r.PathValue("cluster"))
	if err != nil {
		s.log.WarnContext(r.Context(), "instance profile cannot be assumed, the region's keys are used", "profile", profile, "error", err)
		env := s.cfg.Environ
		out.AccessKeyID, out.SecretAccessKey, out.Token = getenv(env, keyVariables[0]), getenv(env, keyVariables[1]), getenv(env, keyVariables[2])
		return out
	}
	out.RoleArn, out.AccessKeyID = role, aws.ToString(keys.AccessKeyId)
	out.SecretAccessKey, out.Token = aws.ToString(keys.SecretAccessKey), aws.ToString(keys.SessionToken)
	return out
}
