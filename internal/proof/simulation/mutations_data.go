package simulation

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/run/store"
)

// ForgetStatistics does not record what runs have written.
func ForgetStatistics(c *Config) {
	c.Table = func(db store.DB) store.DB { return unmeasured{db} }
}

type unmeasured struct{ store.DB }

func (f unmeasured) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if strings.HasPrefix(text(in.Item["pk"]), "STATISTICS#") {
		return &dynamodb.PutItemOutput{}, nil
	}
	return f.DB.PutItem(ctx, in, o...)
}
