package localemr

import "context"

// publicAccess is the block public access configuration. localemr has no security
// groups that it could refuse.
type publicAccess struct {
	BlockPublicAccessConfiguration         blockPublicAccess
	BlockPublicAccessConfigurationMetadata publicAccessMetadata
}

type blockPublicAccess struct {
	BlockPublicSecurityGroupRules          bool
	PermittedPublicSecurityGroupRuleRanges []portRange
}

type portRange struct{ MinRange, MaxRange *int }

type publicAccessMetadata struct {
	CreationDateTime epoch
	CreatedByArn     string
}

const sshPort = 22

// defaultPublicAccess is that of a new account: blocked, except SSH.
func defaultPublicAccess() publicAccess {
	port := sshPort
	return publicAccess{BlockPublicAccessConfiguration: blockPublicAccess{
		BlockPublicSecurityGroupRules:          true,
		PermittedPublicSecurityGroupRuleRanges: []portRange{{MinRange: &port, MaxRange: &port}},
	}}
}

func (s *Server) getPublicAccess(context.Context, *empty) (*publicAccess, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.account.PublicAccess
	if out.BlockPublicAccessConfigurationMetadata.CreatedByArn == "" {
		out.BlockPublicAccessConfigurationMetadata = publicAccessMetadata{CreationDateTime: now(), CreatedByArn: s.rootArn()}
	}
	return &out, nil
}

type putPublicAccessInput struct{ BlockPublicAccessConfiguration blockPublicAccess }

func (s *Server) putPublicAccess(_ context.Context, in *putPublicAccessInput) (*empty, error) {
	config := in.BlockPublicAccessConfiguration
	if config.PermittedPublicSecurityGroupRuleRanges == nil {
		config.PermittedPublicSecurityGroupRuleRanges = []portRange{}
	}
	for i, r := range config.PermittedPublicSecurityGroupRuleRanges {
		if r.MaxRange == nil {
			config.PermittedPublicSecurityGroupRuleRanges[i].MaxRange = r.MinRange // EMR's default
		} else if *r.MaxRange < *r.MinRange {
			return nil, invalid("", "MaxRange %d of a port range must not be smaller than MinRange %d.", *r.MaxRange, *r.MinRange)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.PublicAccess = publicAccess{
		BlockPublicAccessConfiguration:         config,
		BlockPublicAccessConfigurationMetadata: publicAccessMetadata{CreationDateTime: now(), CreatedByArn: s.rootArn()},
	}
	if err := s.store.saveAccount(s.account); err != nil {
		return nil, err
	}
	return &empty{}, nil
}

func (s *Server) rootArn() string { return "arn:aws:iam::" + s.cfg.Account + ":root" }
