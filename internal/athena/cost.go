package athena

import "github.com/aws/aws-sdk-go-v2/service/athena/types"

// What Athena costs in us-east-1: 5 USD per TB that is read, counted in whole
// MB and at least 10 of them for each query; nothing for DDL and for what
// failed, and for a query that was stopped what it had read until then.
// https://aws.amazon.com/athena/pricing, as the pricing calculator computes it:
// a TB is 1024 GB there.
const (
	usdPerTB  = 5.0
	megabyte  = int64(1) << 20
	terabyte  = int64(1) << 40
	minimumMB = 10
)

// CostUSD is an estimate of what a statement cost, at list price.
func (x Execution) CostUSD() float64 {
	switch {
	case x.State == types.QueryExecutionStateFailed,
		x.State == types.QueryExecutionStateCancelled && x.Scanned == 0,
		x.Statement != types.StatementTypeDml && !x.Explains, // EXPLAIN ANALYZE runs what it explains
		x.Explains && x.Scanned == 0:
		return 0
	}
	mb := max((x.Scanned+megabyte-1)/megabyte, minimumMB)
	return float64(mb*megabyte) / float64(terabyte) * usdPerTB
}
