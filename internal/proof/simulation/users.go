package simulation

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/access"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// users is a user of the stage that owns one of the story's pipelines: if there are two of a pool of the same name, one of
// them, of the other's team. Then only the kind of their runs keeps these from each other's clusters.
func (s *story) users() map[string]access.User {
	if s.plain {
		return nil // the second engine has no roles
	}
	owned, team := s.names[len(s.names)-1], ""
	var pooled []string
	for _, name := range s.names {
		if s.specs[name] != nil && s.specs[name].Cluster.Pool == "shared" {
			pooled = append(pooled, name)
		}
	}
	if len(pooled) > 1 {
		owned, team = pooled[0], s.specs[pooled[1]].Team
	}
	if team == "" {
		team = stage.NoTeam
	}
	return map[string]access.User{"etl": {Role: "arn:aws:iam::" + account + ":role/test-user-etl", Team: team, Pipelines: []string{owned}}}
}

// owner is the user whose run this is, or "", and whose pools it uses.
func (c *checker) owner(runID string) (user, pools string) {
	for name, u := range c.w.config.Users {
		if slices.Contains(u.Pipelines, c.of[runID]) {
			return name, u.Team + "." + name
		}
	}
	return "", c.team(runID)
}

// profileOf is the instance profile of a cluster. The caller does not hold the lock.
func (c *checker) profileOf(id string) string {
	for _, x := range c.w.EMR.Clusters() {
		if *x.Id == id {
			return aws.ToString(x.Ec2InstanceAttributes.IamInstanceProfile)
		}
	}
	return ""
}

// kind checks that a run is on instances of its kind: those that may assume the roles of users are for runs with one, and
// have none of the permissions that others need.
func (c *checker) kind(runID, id, profile string) {
	user, _ := c.owner(runID)
	if want := c.w.Settings.InstancesOf(user != ""); profile != "" && profile != want {
		c.fail(Instances, "run %s of user %q is on cluster %s with instance profile %s, want %s", runID, user, id, profile, want)
	}
}

// ofKind checks the leases of a pool's cluster; profile is that of its instances.
func (c *checker) ofKind(id, profile string, leases map[string]int) {
	for holder := range leases {
		c.kind(run.OfCluster(holder), id, profile)
	}
}

// IgnoreKind takes clusters of the team's pools for whichever kind of run they were made: a user's runs look in the pools of its team,
// and every cluster there seems to be as the run would make it.
func IgnoreKind(c *Config) {
	c.Table = func(db store.DB) store.DB { return &ignoresKind{DB: db, wanted: map[string]string{}} }
}

type ignoresKind struct {
	store.DB

	mu     sync.Mutex
	wanted map[string]string // by invocation: the digest of what the run would make
}

// ofTeam removes the user from the key of a pool.
func ofTeam(key map[string]types.AttributeValue) map[string]types.AttributeValue {
	pk := text(key["pk"])
	owner, name, ok := strings.Cut(strings.TrimPrefix(pk, "POOL#"), "#")
	team, _, user := strings.Cut(owner, ".")
	if !strings.HasPrefix(pk, "POOL#") || !ok || !user {
		return key
	}
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "POOL#" + team + "#" + name}}
}

func (x *ignoresKind) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if hash := text(in.Item["profileHash"]); hash != "" && strings.HasPrefix(text(in.Item["sk"]), "CLUSTER#") {
		x.mu.Lock()
		x.wanted[invocation(ctx)] = hash
		x.mu.Unlock()
	}
	return x.DB.PutItem(ctx, in, o...)
}

func (x *ignoresKind) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	changed := *in
	changed.Key = ofTeam(in.Key)
	out, err := x.DB.GetItem(ctx, &changed, o...)
	x.mu.Lock()
	defer x.mu.Unlock()
	if hash := x.wanted[invocation(ctx)]; err == nil && hash != "" && text(out.Item["profileHash"]) != "" {
		out.Item["profileHash"] = &types.AttributeValueMemberS{Value: hash}
	}
	return out, err
}

func (x *ignoresKind) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	changed := *in
	changed.Key = ofTeam(in.Key)
	x.mu.Lock()
	hash := x.wanted[invocation(ctx)]
	x.mu.Unlock()
	for name, v := range in.ExpressionAttributeValues {
		if hash == "" || text(v) != hash {
			continue
		}
		now, err := x.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: in.TableName, Key: in.Key})
		if err != nil {
			return nil, err
		}
		changed.ExpressionAttributeValues = maps.Clone(in.ExpressionAttributeValues)
		changed.ExpressionAttributeValues[name] = now.Item["profileHash"]
	}
	return x.DB.UpdateItem(ctx, &changed, o...)
}
