package config

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

//go:embed defaults/lake.yaml
var lake []byte

// Lake configures the whole lake: zones with defaults, and what holds for all buckets.
type Lake struct {
	Zones      map[string]Zone `yaml:"zones"`      // beside those of data also logs and artifacts
	AccessLogs bool            `yaml:"accessLogs"` // S3 logs the requests to all buckets
	Inventory  Frequency       `yaml:"inventory"`  // of the zones' objects; "" = none
	ReportDays int             `yaml:"reportDays"` // days until access logs and inventories are deleted
	Teams      map[string]Team `yaml:"teams"`      // who may use which zones and tables
}

// Team is what people and programs of a team may read and write.
type Team struct {
	Zones  map[string]Right `yaml:"zones"`  // their objects, and the tables of their databases
	Tables map[string]Right `yaml:"tables"` // database.table, database.prefix* or database.*
	Roles  []string         `yaml:"roles"`  // existing roles of the account that get the team's policy
}

// Frequency is how often S3 lists the objects of a bucket.
type Frequency string

// The frequencies of inventories.
const (
	Daily  Frequency = "daily"
	Weekly Frequency = "weekly"
)

// Zone is a part of the lake: one bucket.
type Zone struct {
	Versioned bool `yaml:"versioned"`
	Events    bool `yaml:"events"`   // uploads are triggers
	Database  bool `yaml:"database"` // a Glue database of its own, with tables in the bucket

	InfrequentDays int          `yaml:"infrequentDays"` // days until objects move to Standard-IA; 0 = never
	ArchiveDays    int          `yaml:"archiveDays"`    // days until objects move to Glacier; 0 = never
	ArchiveClass   ArchiveClass `yaml:"archiveClass"`   // of Glacier; "" = Instant
	ExpireDays     int          `yaml:"expireDays"`     // days until objects are deleted; 0 = never
	VersionDays    int          `yaml:"versionDays"`    // days until versions that are not current are deleted; 0 = DefaultVersionDays
	UploadDays     int          `yaml:"uploadDays"`     // days until incomplete multipart uploads are deleted; 0 = DefaultUploadDays
}

// ArchiveClass is a storage class of Glacier.
type ArchiveClass string

// The archive classes. Objects of the last two must be restored before they can be read.
const (
	Instant  ArchiveClass = "instant"  // Glacier Instant Retrieval
	Flexible ArchiveClass = "flexible" // Glacier Flexible Retrieval
	Deep     ArchiveClass = "deep"     // Glacier Deep Archive
)

// Defaults of zones.
const (
	DefaultVersionDays = 30
	DefaultUploadDays  = 7
)

// TablesPrefix is where Spark and Hive create the tables of a zone's database.
const TablesPrefix = "tables/"

// Names of buckets that are not for data, and that a lake configures as zones.
const (
	artifactsZone = "artifacts"
	logsZone      = "logs"
)

// ReportsBucket has the access logs and inventories of a lake. No zone can have its name.
const ReportsBucket = "lake-reports"

// data are the zones for data.
func (l Lake) data() map[string]Zone {
	zones := maps.Clone(l.Zones)
	maps.DeleteFunc(zones, func(name string, _ Zone) bool { return name == artifactsZone || name == logsZone })
	return zones
}

// Reports reports whether S3 writes about the lake's buckets.
func (l Lake) Reports() bool { return l.AccessLogs || l.Inventory != "" }

// LogsZone is the configuration of the bucket of logs.
func (c Config) LogsZone() Zone { return c.own(logsZone) }

// ArtifactsZone is the configuration of the bucket of packages.
func (c Config) ArtifactsZone() Zone { return c.own(artifactsZone) }

func (c Config) own(name string) Zone {
	if c.Lake == nil {
		return Zone{}
	}
	return c.Lake.Zones[name]
}

// DatabaseOf is the name of the Glue database of a zone, and false if the zone has none.
func (c Config) DatabaseOf(zone string) (string, bool) {
	return c.Database() + "_" + zone, c.Zones[zone].Database
}

// Databases lists the Glue databases of the stage, its own first.
func (c Config) Databases() []string {
	all := []string{c.Database()}
	for _, zone := range c.ZoneNames() {
		if name, ok := c.DatabaseOf(zone); ok {
			all = append(all, name)
		}
	}
	return all
}

// LakeTeams lists the teams with rights on the lake, sorted.
func (c Config) LakeTeams() []string {
	if c.Lake == nil {
		return nil
	}
	return sortedKeys(c.Lake.Teams)
}

// TablesOf are the tables that a team of the lake may read or write, those of its zones included. Write prevails.
func (c Config) TablesOf(team string) map[string]Right {
	all := map[string]Right{}
	if c.Lake == nil {
		return all
	}
	maps.Copy(all, c.Lake.Teams[team].Tables)
	for zone, right := range c.Lake.Teams[team].Zones {
		if database, ok := c.DatabaseOf(zone); ok && all[database+".*"] != Write {
			all[database+".*"] = right
		}
	}
	return all
}

// zonesKey is where the stage's file has its zones.
func (c Config) zonesKey() string {
	if c.Lake != nil {
		return "lake.zones"
	}
	return "zones"
}

// completeLake adds to the lake of body, if it has one, what the file does not set. It returns an error if the file
// has zones beside the lake's.
func completeLake(body ast.Node) []located {
	if !slices.ContainsFunc(values(body), func(v *ast.MappingValueNode) bool { return keyOf(v) == "lake" }) {
		return nil
	}
	tree, err := parser.ParseBytes(lake, 0)
	if err != nil {
		panic(fmt.Sprintf("decode the lake's defaults: %v", err)) // embedded, and tested
	}
	model := tree.Docs[0].Body
	ready := tables(child(model, "zones"))
	for name, own := range tables(child(child(body, "lake"), "zones")) {
		if zone := ready[name]; zone != nil && slices.ContainsFunc(own.Values, isLifecycle) {
			zone.Values = slices.DeleteFunc(zone.Values, isLifecycle)
		}
	}
	for _, v := range values(body) {
		if keyOf(v) == "lake" {
			completeValue(v, model)
		}
	}
	i := slices.IndexFunc(values(body), func(v *ast.MappingValueNode) bool { return keyOf(v) == "zones" })
	if i < 0 {
		return nil
	}
	text := "zones: the stage has a lake, which has its zones; move them to lake.zones"
	return []located{{values(body)[i].Key.GetToken().Position, text}}
}

// lifecycleKeys depend on each other: a zone that sets one of them has none of the defaults.
var lifecycleKeys = []string{"infrequentDays", "archiveDays", "archiveClass", "expireDays"}

func isLifecycle(v *ast.MappingValueNode) bool { return slices.Contains(lifecycleKeys, keyOf(v)) }

// complete adds to a table and the tables in it what model has in addition.
func complete(own *ast.MappingNode, model ast.Node) {
	for _, v := range values(model) {
		i := slices.IndexFunc(own.Values, func(o *ast.MappingValueNode) bool { return keyOf(o) == keyOf(v) })
		if i < 0 {
			own.Values = append(own.Values, v)
			continue
		}
		completeValue(own.Values[i], v.Value)
	}
}

// completeValue completes the value of a key, which takes all of model if it has none.
func completeValue(v *ast.MappingValueNode, model ast.Node) {
	switch has := plain(v.Value).(type) {
	case *ast.MappingNode:
		complete(has, model)
	case *ast.NullNode:
		v.Value = model
	}
}
