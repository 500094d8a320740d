package localemr

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

type securityConfiguration struct {
	Name                  string
	SecurityConfiguration string // a JSON document
	CreationDateTime      epoch
}

// runtimeRoles says whether the steps of clusters with this configuration have roles.
func (c securityConfiguration) runtimeRoles() bool {
	var doc struct {
		AuthorizationConfiguration struct {
			IAMConfiguration struct{ EnableApplicationScopedIAMRole bool }
		}
	}
	return json.Unmarshal([]byte(c.SecurityConfiguration), &doc) == nil &&
		doc.AuthorizationConfiguration.IAMConfiguration.EnableApplicationScopedIAMRole
}

type securityNameInput struct{ Name string }

type createSecurityInput struct{ Name, SecurityConfiguration string }

type createSecurityOutput struct {
	Name             string
	CreationDateTime epoch
}

func (s *Server) createSecurityConfiguration(_ context.Context, in *createSecurityInput) (*createSecurityOutput, error) {
	if strings.TrimSpace(in.Name) == "" {
		return nil, invalid("", "The name of a security configuration must not be empty.")
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(in.SecurityConfiguration), &doc); err != nil || len(doc) == 0 {
		return nil, invalid("", "The security configuration is not a JSON object with at least one section.")
	}
	for section := range doc {
		if !slices.Contains(securitySections, section) {
			return nil, invalid("", "Unrecognized section '%s' in the security configuration; known sections: %s.", section, strings.Join(securitySections, ", "))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.security(in.Name); ok {
		return nil, invalid("", "Security configuration with name '%s' already exists.", in.Name)
	}
	c := securityConfiguration{Name: in.Name, SecurityConfiguration: in.SecurityConfiguration, CreationDateTime: now()}
	s.account.SecurityConfigurations = append(s.account.SecurityConfigurations, c)
	if err := s.store.saveAccount(s.account); err != nil {
		return nil, err
	}
	return &createSecurityOutput{Name: c.Name, CreationDateTime: c.CreationDateTime}, nil
}

// securitySections are those of "Create a security configuration" in the Management Guide.
var securitySections = []string{
	"EncryptionConfiguration", "AuthenticationConfiguration", "AuthorizationConfiguration", "InstanceMetadataServiceConfiguration",
	"IdentityCenterConfiguration",
}

func (s *Server) describeSecurityConfiguration(_ context.Context, in *securityNameInput) (*securityConfiguration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.security(in.Name)
	if !ok {
		return nil, noSecurityConfiguration(in.Name)
	}
	return &c, nil
}

type listSecurityOutput struct {
	SecurityConfigurations []createSecurityOutput
	Marker                 string `json:",omitempty"`
}

func (s *Server) listSecurityConfigurations(_ context.Context, in *markerInput) (*listSecurityOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.SortedFunc(slices.Values(s.account.SecurityConfigurations), func(a, b securityConfiguration) int {
		return strings.Compare(a.Name, b.Name)
	})
	listed, marker, err := page(all, func(c securityConfiguration) string { return c.Name }, every[securityConfiguration], in.Marker)
	if err != nil {
		return nil, err
	}
	out := &listSecurityOutput{SecurityConfigurations: []createSecurityOutput{}, Marker: marker}
	for _, c := range listed {
		out.SecurityConfigurations = append(out.SecurityConfigurations, createSecurityOutput{Name: c.Name, CreationDateTime: c.CreationDateTime})
	}
	return out, nil
}

// deleteSecurityConfiguration has no effect on the clusters that use it, as on EMR.
func (s *Server) deleteSecurityConfiguration(_ context.Context, in *securityNameInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.security(in.Name); !ok {
		return nil, noSecurityConfiguration(in.Name)
	}
	s.account.SecurityConfigurations = slices.DeleteFunc(s.account.SecurityConfigurations, func(c securityConfiguration) bool { return c.Name == in.Name })
	if err := s.store.saveAccount(s.account); err != nil {
		return nil, err
	}
	return &empty{}, nil
}

// security finds a security configuration. s.mu must be held.
func (s *Server) security(name string) (securityConfiguration, bool) {
	for _, c := range s.account.SecurityConfigurations {
		if c.Name == name {
			return c, true
		}
	}
	return securityConfiguration{}, false
}

func noSecurityConfiguration(name string) error {
	return invalid("", "Security configuration with name '%s' does not exist.", name)
}
