package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"golang.org/x/sync/singleflight"

	"ephemr/internal/access"
	"ephemr/internal/stage"
)

// ParametersAPI reads the users of a stage.
type ParametersAPI interface {
	GetParametersByPath(context.Context, *ssm.GetParametersByPathInput, ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error)
}

// keepUsers is how long the users are cached. A deployment that removes a caller
// takes effect after this time.
const keepUsers = time.Minute

// UserStore reads the users of a stage.
type UserStore struct {
	Settings stage.Settings
	SSM      ParametersAPI

	reading singleflight.Group // messages of a batch read the users once

	mu     sync.Mutex // not held during calls
	policy access.Policy
	read   time.Time
}

// Policy returns the stage's policy, at most a minute old. A missing user is an
// error: without it, runs of this user would get the permissions of the cluster.
func (s *UserStore) Policy(ctx context.Context) (access.Policy, error) {
	a := s.Settings.Access
	if len(a.Users) == 0 {
		return access.Policy{Required: a.Required}, nil
	}
	if policy, ok := s.cached(); ok {
		return policy, nil
	}
	_, err, _ := s.reading.Do("users", func() (any, error) { return nil, s.refresh(ctx) })
	if err != nil {
		return access.Policy{}, err //nolint:wrapcheck // by refresh
	}
	policy, _ := s.cached()
	return policy, nil
}

// cached is the policy that was read last, and whether it is new enough.
func (s *UserStore) cached() (access.Policy, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.policy, !s.read.IsZero() && time.Since(s.read) < keepUsers
}

// refresh reads the policy.
func (s *UserStore) refresh(ctx context.Context) error {
	a := s.Settings.Access
	users, err := s.load(ctx)
	if err != nil {
		return err
	}
	for _, name := range a.Users {
		if users[name].Role == "" {
			return fmt.Errorf("read users of stage %s: %s has no role", s.Settings.Stage, name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policy, s.read = access.Policy{Required: a.Required, Default: a.Default, Users: users}, time.Now()
	return nil
}

// load reads the users that the settings name. Other parameters are from earlier
// deployments.
func (s *UserStore) load(ctx context.Context) (map[string]access.User, error) {
	names := map[string]string{} // parameter -> user
	for _, name := range s.Settings.Access.Users {
		names[stage.UserParameter(s.Settings.Stage, name)] = name
	}
	users := map[string]access.User{}
	p := ssm.NewGetParametersByPathPaginator(s.SSM, &ssm.GetParametersByPathInput{Path: aws.String(stage.UsersPath(s.Settings.Stage))})
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read users of stage %s: %w", s.Settings.Stage, err)
		}
		for _, parameter := range page.Parameters {
			name, ok := names[aws.ToString(parameter.Name)]
			if !ok {
				continue
			}
			var u access.User
			if err := json.Unmarshal([]byte(aws.ToString(parameter.Value)), &u); err != nil {
				return nil, fmt.Errorf("read user %s of stage %s: %w", name, s.Settings.Stage, err)
			}
			u.Name = name
			users[name] = u
		}
	}
	return users, nil
}
