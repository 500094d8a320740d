package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

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

	mu     sync.Mutex
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
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.read.IsZero() && time.Since(s.read) < keepUsers {
		return s.policy, nil
	}
	users, err := s.load(ctx)
	if err != nil {
		return access.Policy{}, err
	}
	for _, name := range a.Users {
		if users[name].Role == "" {
			return access.Policy{}, fmt.Errorf("read users of stage %s: %s has no role", s.Settings.Stage, name)
		}
	}
	s.policy, s.read = access.Policy{Required: a.Required, Default: a.Default, Users: users}, time.Now()
	return s.policy, nil
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
