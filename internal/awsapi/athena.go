package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Assume returns cfg with the credentials of a role. Calls with these are not recorded: the role
// that allows them is not the function's. CloudTrail shows the session's name, of up
// to 64 letters, digits and =,.@-_.
func Assume(cfg aws.Config, role, session string) aws.Config {
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = session })
	cfg = cfg.Copy()
	cfg.APIOptions = nil
	cfg.Credentials = aws.NewCredentialsCache(provider)
	return cfg
}

// Athena runs queries.
type Athena struct {
	start   Operation[athena.StartQueryExecutionInput, athena.StartQueryExecutionOutput, athena.Options]
	get     Operation[athena.GetQueryExecutionInput, athena.GetQueryExecutionOutput, athena.Options]
	results Operation[athena.GetQueryResultsInput, athena.GetQueryResultsOutput, athena.Options]
	stop    Operation[athena.StopQueryExecutionInput, athena.StopQueryExecutionOutput, athena.Options]
}

// NewAthena returns a client of cfg.
func NewAthena(cfg aws.Config) *Athena {
	c := athena.NewFromConfig(cfg)
	return &Athena{start: c.StartQueryExecution, get: c.GetQueryExecution, results: c.GetQueryResults, stop: c.StopQueryExecution}
}

// StartQueryExecution starts a query.
func (a *Athena) StartQueryExecution(ctx context.Context, in *athena.StartQueryExecutionInput, o ...func(*athena.Options)) (*athena.StartQueryExecutionOutput, error) {
	return a.start(ctx, in, o...)
}

// GetQueryExecution returns the status of a query.
func (a *Athena) GetQueryExecution(ctx context.Context, in *athena.GetQueryExecutionInput, o ...func(*athena.Options)) (*athena.GetQueryExecutionOutput, error) {
	return a.get(ctx, in, o...)
}

// GetQueryResults reads a page of the result of a query.
func (a *Athena) GetQueryResults(ctx context.Context, in *athena.GetQueryResultsInput, o ...func(*athena.Options)) (*athena.GetQueryResultsOutput, error) {
	return a.results(ctx, in, o...)
}

// StopQueryExecution stops a query.
func (a *Athena) StopQueryExecution(ctx context.Context, in *athena.StopQueryExecutionInput, o ...func(*athena.Options)) (*athena.StopQueryExecutionOutput, error) {
	return a.stop(ctx, in, o...)
}
