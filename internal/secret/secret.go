// Package secret keeps random secrets of a stage, which names and digests are derived
// from: without the secret they cannot be guessed. Tested here.
package secret

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
)

// DB is what a Secret needs of DynamoDB.
type DB interface {
	records.PutAPI
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
}

// Secret is a secret of the stage. It is made at its first use.
type Secret struct {
	DB    DB
	Table string // Clusters: jobs have no access to it
	Key   records.Key
}

// attribute is the attribute with the secret.
const attribute = "secret"

// MAC is the HMAC-SHA256 of data.
func (s *Secret) MAC(ctx context.Context, data []byte) ([]byte, error) {
	key, err := s.value(ctx)
	if err != nil {
		return nil, err
	}
	sum := hmac.New(sha256.New, key)
	sum.Write(data)
	return sum.Sum(nil), nil
}

func (s *Secret) value(ctx context.Context) ([]byte, error) {
	value, err := s.read(ctx)
	if value != nil || err != nil {
		return value, err
	}
	it := s.Key.Attributes()
	it[attribute] = records.String(rand.Text())
	if _, err := records.Put(ctx, s.DB, s.Table, it, records.Absent()); err != nil {
		return nil, fmt.Errorf("store %s: %w", s.Key.Partition, err)
	}
	// Another invocation may have been faster.
	if value, err = s.read(ctx); value == nil && err == nil {
		err = errors.New(s.Key.Partition + " was stored and is not there")
	}
	return value, err
}

func (s *Secret) read(ctx context.Context) ([]byte, error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Table, Key: s.Key.Attributes(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.Key.Partition, err)
	}
	if text := records.Text(out.Item[attribute]); text != "" {
		return []byte(text), nil
	}
	return nil, nil
}
