package awsfake

import (
	"context"
	"slices"
	"sort"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

// Query reads a partition of a table or an index.
func (db *DynamoDB) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return call(ctx, &db.Control, "Query", func() (*dynamodb.QueryOutput, error) {
		db.mu.Lock()
		defer db.mu.Unlock()
		p, err := db.query(pageRequest{
			table: in.TableName, index: in.IndexName, keyCondition: in.KeyConditionExpression, filter: in.FilterExpression,
			projection: in.ProjectionExpression, names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
			start: in.ExclusiveStartKey, limit: in.Limit, sel: in.Select, consistent: in.ConsistentRead,
			backward: in.ScanIndexForward != nil && !*in.ScanIndexForward,
			legacy:   in.KeyConditions != nil || in.QueryFilter != nil || in.AttributesToGet != nil || in.ConditionalOperator != "",
		})
		db.count(p)
		return &dynamodb.QueryOutput{Items: p.items, Count: p.count, ScannedCount: p.scanned, LastEvaluatedKey: p.last}, err
	})
}

func (db *DynamoDB) query(req pageRequest) (page, error) {
	if err := req.check(); err != nil {
		return page{}, err
	}
	if req.keyCondition == nil {
		return page{}, ddbexpr.Invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	src, err := db.source(req)
	if err != nil {
		return page{}, err
	}
	x, err := db.pageExpressions(req)
	if err != nil {
		return page{}, err
	}
	keys, err := src.keyRange(x)
	if err != nil {
		return page{}, err
	}
	start, err := src.startAfter(req.start)
	if err != nil {
		return page{}, err
	}
	return src.collect(src.records(keys, start, req.backward), req, x), nil
}

func (s source) keyRange(x pageExpressions) (ddbexpr.Range, error) {
	keys, err := x.key.KeyRange(s.pk.name, s.sk.name, x.env)
	if err != nil {
		return keys, err
	}
	for _, k := range []struct {
		typ string
		v   ddbexpr.Value
	}{{s.pk.typ, keys.Partition}, {s.sk.typ, keys.Low}, {s.sk.typ, keys.High}} {
		if k.v != nil && ddbexpr.TypeOf(k.v) != k.typ {
			return keys, ddbexpr.Invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
		}
	}
	if keyText(keys.Partition) == "" {
		return keys, ddbexpr.Invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", s.pk.name)
	}
	if x.filter == nil {
		return keys, nil
	}
	for _, a := range x.filter.Attributes(x.env) {
		if a == s.pk.name || a == s.sk.name {
			return keys, ddbexpr.Invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", a)
		}
	}
	return keys, nil
}

// records returns the records of the range after start, in the requested order.
func (s source) records(keys ddbexpr.Range, start *record, backward bool) []*record {
	part := s.parts[keyText(keys.Partition)]
	if keys.Op != "" {
		low := sort.Search(len(part), func(i int) bool { return keys.Position(part[i].item[s.sk.name]) >= 0 })
		high := sort.Search(len(part), func(i int) bool { return keys.Position(part[i].item[s.sk.name]) > 0 })
		part = part[low:high]
	}
	if start != nil {
		i, found := slices.BinarySearchFunc(part, start, s.compare)
		switch {
		case backward:
			part = part[:i]
		case found:
			part = part[i+1:]
		default:
			part = part[i:]
		}
	}
	if !backward {
		return part
	}
	part = slices.Clone(part)
	slices.Reverse(part)
	return part
}

// Scan reads a table or an index. The order is that of the partition keys'
// hashes.
func (db *DynamoDB) Scan(ctx context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	return call(ctx, &db.Control, "Scan", func() (*dynamodb.ScanOutput, error) {
		db.mu.Lock()
		defer db.mu.Unlock()
		p, err := db.scan(pageRequest{
			table: in.TableName, index: in.IndexName, filter: in.FilterExpression, projection: in.ProjectionExpression,
			names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues, start: in.ExclusiveStartKey,
			limit: in.Limit, sel: in.Select, consistent: in.ConsistentRead, segment: in.Segment, totalSegments: in.TotalSegments,
			legacy: in.ScanFilter != nil || in.AttributesToGet != nil || in.ConditionalOperator != "",
		})
		db.count(p)
		return &dynamodb.ScanOutput{Items: p.items, Count: p.count, ScannedCount: p.scanned, LastEvaluatedKey: p.last}, err
	})
}

func (db *DynamoDB) scan(req pageRequest) (page, error) {
	if err := req.check(); err != nil {
		return page{}, err
	}
	src, err := db.source(req)
	if err != nil {
		return page{}, err
	}
	x, err := db.pageExpressions(req)
	if err != nil {
		return page{}, err
	}
	start, err := src.startAfter(req.start)
	if err != nil {
		return page{}, err
	}
	recs := src.all()
	if start != nil {
		i, found := slices.BinarySearchFunc(recs, start, src.scanOrder)
		if found {
			i++
		}
		recs = recs[i:]
	}
	recs, err = src.segment(recs, req)
	return src.collect(recs, req, x), err
}

func (s source) segment(recs []*record, req pageRequest) ([]*record, error) {
	if (req.segment == nil) != (req.totalSegments == nil) {
		return nil, ddbexpr.Invalid("The TotalSegments and Segment parameters must be given together")
	}
	if req.segment == nil {
		return recs, nil
	}
	if *req.totalSegments < 1 || *req.segment < 0 || *req.segment >= *req.totalSegments {
		return nil, ddbexpr.Invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *req.segment, *req.totalSegments)
	}
	of, mine := uint64(*req.totalSegments), uint64(*req.segment)
	return slices.DeleteFunc(slices.Clone(recs), func(r *record) bool { return hash(keyText(r.item[s.pk.name]))%of != mine }), nil
}
