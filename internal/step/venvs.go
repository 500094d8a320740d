package step

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"ephemr/internal/access"
	"ephemr/internal/run"
	"ephemr/internal/secret"
)

// Venvs names the prefixes in S3 under which runners store the installed Python
// libraries of jobs. They are code that later runs execute, and jobs share the right
// to create them: so each pipeline has its own, which no other can guess.
type Venvs struct {
	Secret *secret.Secret
}

// Prefix is the prefix of the libraries of r's jobs. Ad-hoc pipelines share none with
// registered ones: any sender can give them a name.
func (v *Venvs) Prefix(ctx context.Context, r run.Run) (string, error) {
	owner, err := json.Marshal([]any{r.User, r.TeamName(), r.Pipeline, r.Version > 0})
	if err != nil {
		return "", fmt.Errorf("name the libraries of %s: %w", r.ID, err)
	}
	sum, err := v.Secret.MAC(ctx, owner)
	if err != nil {
		return "", err
	}
	dir := "venvs/" + hex.EncodeToString(sum[:16])
	if r.User != "" {
		return access.Dir(r.User) + dir, nil
	}
	return dir, nil
}
