package resize

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/fault"
	"ephemr/internal/records"
)

// Sizes stores, in the Clusters table, the sizes that were requested for resized
// clusters: EMR is called only for differences.
type Sizes struct {
	DB    cluster.TableAPI
	Table string
}

// taskSize is the size of a cluster's task fleet, as it was requested. A cluster
// that was never resized has none.
type taskSize struct {
	PK       string           `dynamodbav:"pk"`
	Wants    map[string]int   `dynamodbav:"wants"`              // name of a run's cluster attempt -> units that its jobs want now
	Base     int              `dynamodbav:"base"`               // units when no job wants more
	Target   int              `dynamodbav:"target"`             // that EMR was asked for last
	Asking   map[string]int64 `dynamodbav:"asking"`             // attempt that is asking EMR for another size, or whose answer was lost -> since when, in Unix seconds
	Fleet    string           `dynamodbav:"fleet,omitempty"`    // id; "" = none, or not known
	Type     string           `dynamodbav:"type,omitempty"`     // its first instance type
	OnDemand int              `dynamodbav:"onDemand,omitempty"` // units bought so, the rest
	BuysSpot bool             `dynamodbav:"buysSpot,omitempty"` // is Spot
	Limits   string           `dynamodbav:"limits,omitempty"`   // of managed scaling, if set
	Version  int              `dynamodbav:"version"`
	TTL      int64            `dynamodbav:"ttl"`
}

// units is the target of the task fleet.
func (s taskSize) units() int { return max(s.Base, s.wanted()) }

// wanted is the largest request of jobs.
func (s taskSize) wanted() int {
	most := 0
	for _, n := range s.Wants {
		most = max(most, n)
	}
	return most
}

// split divides n units as the fleet buys them.
func (s taskSize) split(n int) (onDemand, spot int) {
	if !s.BuysSpot {
		return n, 0
	}
	onDemand = min(n, s.OnDemand)
	return onDemand, n - onDemand
}

// know keeps how the fleet buys, so that the next change needs no look.
func (s *taskSize) know(f Fleet) {
	onDemand, spot := f.split(f.OnDemand + 1)
	s.Fleet, s.OnDemand, s.BuysSpot, s.Type = f.ID, onDemand, spot > 0, f.Types[0]
}

// keepSize is how long a size outlives its last change; longer than any cluster.
const keepSize = 30 * 24 * time.Hour

func (z *Sizes) get(ctx context.Context, clusterID string) (taskSize, error) {
	var s taskSize
	key := records.SizeKey(clusterID)
	out, err := z.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &z.Table, ConsistentRead: aws.Bool(true), Key: key.Attributes()})
	if err == nil {
		err = attributevalue.UnmarshalMap(out.Item, &s)
	}
	if err != nil {
		return s, fmt.Errorf("read size of cluster %s: %w", clusterID, err)
	}
	s.PK = key.Partition
	if s.Wants == nil {
		s.Wants, s.Asking = map[string]int{}, map[string]int64{}
	}
	return s, nil
}

// put writes s over the version that it was read as; false says that it
// was changed in between.
func (z *Sizes) put(ctx context.Context, s *taskSize) (bool, error) {
	before := s.Version
	s.Version, s.TTL = before+1, time.Now().Add(keepSize).Unix()
	it, err := attributevalue.MarshalMap(s)
	if err != nil {
		return false, fmt.Errorf("encode %s: %w", s.PK, err)
	}
	same := records.Absent()
	if before > 0 {
		same = records.Is("version", before)
	}
	changed, err := records.Put(ctx, z.DB, z.Table, it, same)
	if err != nil {
		return false, fmt.Errorf("write %s: %w", s.PK, err)
	}
	return changed, nil
}

// tries is how often a change is tried against others.
const tries = 5

// change changes the size of a cluster; concurrent changes are not lost.
func (z *Sizes) change(ctx context.Context, clusterID string, do func(*taskSize)) (taskSize, error) {
	for range tries {
		s, err := z.get(ctx, clusterID)
		if err != nil {
			return s, err
		}
		before := s
		before.Wants, before.Asking = maps.Clone(s.Wants), maps.Clone(s.Asking)
		do(&s)
		if s.Version > 0 && reflect.DeepEqual(before, s) {
			return s, nil
		}
		ok, err := z.put(ctx, &s)
		if ok || err != nil {
			return s, err
		}
	}
	return taskSize{}, fault.New(fault.Throttled, "size of cluster %s: others keep changing it", clusterID)
}
