package simulation

import (
	"context"
	"crypto/rand"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"

	"ephemr/internal/athena"
)

// AskAgain starts queries with another token each time.
func AskAgain(c *Config) { c.SQL = func(api athena.API) athena.API { return withoutToken{api} } }

type withoutToken struct{ athena.API }

func (a withoutToken) StartQueryExecution(ctx context.Context, in *sdk.StartQueryExecutionInput, o ...func(*sdk.Options)) (*sdk.StartQueryExecutionOutput, error) {
	again := *in
	again.ClientRequestToken = aws.String(rand.Text() + rand.Text())
	return a.API.StartQueryExecution(ctx, &again, o...)
}

// IgnoreRows takes every result for empty.
func IgnoreRows(c *Config) { c.SQL = func(api athena.API) athena.API { return withoutRows{api} } }

type withoutRows struct{ athena.API }

func (a withoutRows) GetQueryResults(ctx context.Context, in *sdk.GetQueryResultsInput, o ...func(*sdk.Options)) (*sdk.GetQueryResultsOutput, error) {
	out, err := a.API.GetQueryResults(ctx, in, o...)
	if err == nil {
		out.ResultSet.Rows = nil
	}
	return out, err
}
