package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ephemr/internal/access"
	"ephemr/internal/profile"
	"ephemr/internal/stage"
)

// Access configures the users that jobs can run as.
type Access struct {
	Required       bool            `yaml:"required"`              // requests that resolve to no user are refused
	Default        string          `yaml:"default"`               // user of senders that may use several users and name none
	LakeFormation  bool            `yaml:"lakeFormation"`         // also grant tables in Lake Formation
	SecurityConfig string          `yaml:"securityConfiguration"` // existing one of EMR that supports runtime roles; empty = the stage creates one
	Users          map[string]User `yaml:"users"`
}

// User is an identity that jobs run as: an IAM role with the permissions below.
type User struct {
	Team      string           `yaml:"team"`      // the user's runs count against its limits
	Callers   []string         `yaml:"callers"`   // senders that may request runs as this user; see access.ValidCaller
	Pipelines []string         `yaml:"pipelines"` // registered pipelines that run as this user: a name, or a prefix and a *
	Zones     map[string]Right `yaml:"zones"`     // of the lake
	Tables    map[string]Right `yaml:"tables"`    // database.table, database.prefix* or database.*
	Secrets   []string         `yaml:"secrets"`   // that its jobs may read; see access.ParseSecrets
}

// Right is a user's access to a zone or a table.
type Right string

// The rights. Write includes read.
const (
	Read  Right = "read"
	Write Right = "write"
)

// UserNames lists the users, sorted.
func (c Config) UserNames() []string { return sortedKeys(c.Access.Users) }

// UserRole names a user's IAM role, for GlobalName.
func UserRole(user string) string { return "user-" + user }

// MaxUser is the maximum size of a user's parameter in bytes, without the role's
// ARN: SSM allows 4 KB.
const MaxUser = 3800

// table matches a key of Tables: the database, and a table, a prefix or all tables.
var table = regexp.MustCompile(`^([a-z0-9_]{1,255})\.([a-z0-9_]{0,255}\*|[a-z0-9_]{1,255})$`)

// Table splits a key of Tables.
func Table(key string) (database, name string) {
	database, name, _ = strings.Cut(key, ".")
	return database, name
}

func (c Config) validateAccess() error {
	a := c.Access
	var errs []error
	if a.Required && len(a.Users) == 0 {
		errs = append(errs, errors.New("access.required: at least one user is needed"))
	}
	if _, known := a.Users[a.Default]; a.Default != "" && !known {
		errs = append(errs, fmt.Errorf("access.default: unknown user %q", a.Default))
	}
	if a.Required && len(c.Secrets) > 0 {
		errs = append(errs, errors.New("secrets: no job runs without a user, as access.required is true; move them to access.users.<name>.secrets"))
	}
	errs = append(errs, validateSecrets(c.Secrets)...)
	for _, name := range c.UserNames() {
		for _, err := range c.validateUser(name, a.Users[name]) {
			errs = append(errs, fmt.Errorf("access.users.%s: %w", name, err))
		}
	}
	if len(a.Users) > 0 {
		errs = append(errs, c.validateReleases())
	}
	return errors.Join(append(errs, c.validateOwners())...)
}

func (c Config) validateUser(name string, u User) (errs []error) {
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	need(access.ValidName(name), "invalid name: use 1 to 32 lower-case letters, digits and hyphens, starting with a letter")
	need(access.ValidTeam(u.Team), "invalid team %q: a valid name is required", u.Team)
	for _, pattern := range u.Callers {
		why := access.ValidCaller(pattern)
		need(why == "", "caller %q %s", pattern, why)
	}
	for _, pattern := range u.Pipelines {
		need(access.ValidPipelines(pattern), "invalid pattern %q in pipelines: use a name, or a prefix and a *", pattern)
	}
	for _, zone := range sortedKeys(u.Zones) {
		_, known := c.Zones[zone]
		need(known, "zones.%s: unknown zone; the lake has %s", zone, strings.Join(c.ZoneNames(), ", "))
		need(u.Zones[zone].valid(), "zones.%s: %q must be read or write", zone, u.Zones[zone])
	}
	for _, key := range sortedKeys(u.Tables) {
		need(table.MatchString(key), "tables.%s: use database.table, database.prefix* or database.*", key)
		need(!c.Access.LakeFormation || !prefix(key), "tables.%s: Lake Formation does not support prefixes", key)
		need(u.Tables[key].valid(), "tables.%s: %q must be read or write", key, u.Tables[key])
	}
	errs = append(errs, validateSecrets(u.Secrets)...)
	record, err := json.Marshal(access.User{Name: name, Team: u.Team, Callers: u.Callers, Pipelines: u.Pipelines, Secrets: u.Secrets})
	need(err == nil && len(record) <= MaxUser, "callers, pipelines and secrets have %d bytes, more than the maximum of %d; use patterns, or a second user", len(record), MaxUser)
	return errs
}

// validateSecrets rejects patterns of secrets that cannot be understood, or are too wide.
func validateSecrets(patterns []string) (errs []error) {
	for i, pattern := range patterns {
		parsed, err := access.ParseSecrets(pattern)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("secrets: %q %w", pattern, err))
		case parsed.CoversVPNAuthority():
			errs = append(errs, fmt.Errorf("secrets: %q allows jobs to read the key of a VPN's certificate authority, %s; name secrets outside of ephemr/, or list each without *",
				pattern, stage.VPNAuthority("<stage>")))
		}
		if slices.Contains(patterns[:i], pattern) {
			errs = append(errs, fmt.Errorf("secrets: duplicate %q; remove one", pattern))
		}
	}
	return errs
}

// AllSecrets lists the patterns of secrets of all roles of jobs, each once.
func (c Config) AllSecrets() []string {
	all := slices.Clone(c.Secrets)
	for _, name := range c.UserNames() {
		for _, pattern := range c.Access.Users[name].Secrets {
			if !slices.Contains(all, pattern) {
				all = append(all, pattern)
			}
		}
	}
	return all
}

func (r Right) valid() bool { return r == Read || r == Write }

// validateOwners rejects patterns of pipelines that two users have: the pipelines'
// user would be ambiguous.
func (c Config) validateOwners() error {
	owner := map[string]string{}
	var errs []error
	for _, name := range c.UserNames() {
		for _, pattern := range c.Access.Users[name].Pipelines {
			if other, taken := owner[pattern]; taken {
				errs = append(errs, fmt.Errorf("access.users.%s: pattern %q in pipelines is already used by user %s", name, pattern, other))
			}
			owner[pattern] = name
		}
	}
	return errors.Join(errs...)
}

// validateReleases rejects profiles that do not support runtime roles.
// Source: Amazon EMR Management Guide, "Runtime roles for Amazon EMR steps".
func (c Config) validateReleases() error {
	var errs []error
	for _, name := range c.ShapeNames() {
		p := c.Shapes[name]
		if !profile.ReleaseAtLeast(p.Release, 6, 7, 0) {
			errs = append(errs, fmt.Errorf("profiles.%s: release %s does not support users; use emr-6.7.0 or later", name, p.Release))
		}
		if !slices.Contains(p.Applications, "Spark") && !slices.Contains(p.Applications, "Hive") {
			errs = append(errs, fmt.Errorf("profiles.%s: users require Spark or Hive in applications", name))
		}
	}
	return errors.Join(errs...)
}
