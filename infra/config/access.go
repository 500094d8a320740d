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
)

// Access says whom jobs may run as.
type Access struct {
	Required       bool            `yaml:"required"`              // a request without a user that it may use is refused
	Default        string          `yaml:"default"`               // user of those who may be several and name none
	LakeFormation  bool            `yaml:"lakeFormation"`         // tables are granted in Lake Formation, too
	SecurityConfig string          `yaml:"securityConfiguration"` // EMR's, with runtime roles, made elsewhere; empty = the stage makes one
	Users          map[string]User `yaml:"users"`
}

// User is somebody whom jobs run as: an IAM role with the rights below.
type User struct {
	Team      string           `yaml:"team"`      // whose limits the user's runs count against
	Callers   []string         `yaml:"callers"`   // senders that may ask for runs as this user; see access.ValidCaller
	Pipelines []string         `yaml:"pipelines"` // registered pipelines that run as this user: a name, or its beginning and a *
	Zones     map[string]Right `yaml:"zones"`     // of the lake
	Tables    map[string]Right `yaml:"tables"`    // database.table, database.prefix* or database.*
}

// Right is what a user may do with a zone or a table.
type Right string

// The rights; whoever may write may also read.
const (
	Read  Right = "read"
	Write Right = "write"
)

// UserNames lists the users, sorted.
func (c Config) UserNames() []string { return sortedKeys(c.Access.Users) }

// UserRole is the name of a user's IAM role.
func (c Config) UserRole(user string) string { return c.Name("user-" + user) }

// MaxUser is how large the record of a user may be, in bytes: a parameter holds
// 4 KB, and the role's address is not known yet.
const MaxUser = 3800

// Tables are split here: the database and the table, its prefix or all.
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
		errs = append(errs, errors.New("access.required: there are no users, so nothing could run"))
	}
	if _, known := a.Users[a.Default]; a.Default != "" && !known {
		errs = append(errs, fmt.Errorf("access.default: there is no user %q", a.Default))
	}
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
	need(access.ValidName(name), "a name has 1 to 32 lower-case letters, digits and hyphens, and begins with a letter")
	need(access.ValidTeam(u.Team), "team %q must be given, as a name: the user's runs count against its limits", u.Team)
	for _, pattern := range u.Callers {
		why := access.ValidCaller(pattern)
		need(why == "", "caller %q %s", pattern, why)
	}
	for _, pattern := range u.Pipelines {
		need(access.ValidPipelines(pattern), "pipelines %q must be a name, or the beginning of names and a *", pattern)
	}
	for _, zone := range sortedKeys(u.Zones) {
		_, known := c.Zones[zone]
		need(known, "zones.%s: the lake has no such zone, only %s", zone, strings.Join(c.ZoneNames(), ", "))
		need(u.Zones[zone].valid(), "zones.%s: %q must be read or write", zone, u.Zones[zone])
	}
	for _, key := range sortedKeys(u.Tables) {
		_, tables := Table(key)
		need(table.MatchString(key), "tables.%s: write database.table, database.prefix* or database.*", key)
		need(!c.Access.LakeFormation || tables == "*" || !strings.HasSuffix(tables, "*"), "tables.%s: Lake Formation knows no prefixes", key)
		need(u.Tables[key].valid(), "tables.%s: %q must be read or write", key, u.Tables[key])
	}
	record, err := json.Marshal(access.User{Name: name, Team: u.Team, Callers: u.Callers, Pipelines: u.Pipelines})
	need(err == nil && len(record) <= MaxUser, "callers and pipelines have %d bytes, more than the %d that fit; use patterns, or a second user", len(record), MaxUser)
	return errs
}

func (r Right) valid() bool { return r == Read || r == Write }

// validateOwners says which patterns of pipelines two users have: nobody could
// tell whom they run as.
func (c Config) validateOwners() error {
	owner := map[string]string{}
	var errs []error
	for _, name := range c.UserNames() {
		for _, pattern := range c.Access.Users[name].Pipelines {
			if other, taken := owner[pattern]; taken {
				errs = append(errs, fmt.Errorf("access.users.%s: pipelines %q run as %s already", name, pattern, other))
			}
			owner[pattern] = name
		}
	}
	return errors.Join(errs...)
}

// validateReleases holds profiles to those that know runtime roles.
// Source: Amazon EMR Management Guide, "Runtime roles for Amazon EMR steps".
func (c Config) validateReleases() error {
	var errs []error
	for _, name := range c.ShapeNames() {
		p := c.Shapes[name]
		if !profile.ReleaseAtLeast(p.Release, 6, 7, 0) {
			errs = append(errs, fmt.Errorf("profiles.%s: release %s knows no users; emr-6.7.0 and later do", name, p.Release))
		}
		if !slices.Contains(p.Applications, "Spark") && !slices.Contains(p.Applications, "Hive") {
			errs = append(errs, fmt.Errorf("profiles.%s: users need Spark or Hive among the applications", name))
		}
	}
	return errors.Join(errs...)
}
