package doctor_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"ephemr/internal/cli/doctor"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
)

// optional is what doctor sees of parts that not every stage has.
type optional struct {
	streams    map[string]firehosetypes.DeliveryStreamStatus
	streamsErr error
	vpn        ec2types.ClientVpnEndpointStatusCode // "" = none
	query      string                               // settings of queries; "" = a workgroup, "-" = none
	workgroup  athenatypes.WorkGroupState           // "" = enabled, "-" = it does not exist
}

// ListDeliveryStreams returns one name at a time.
func (a *account) ListDeliveryStreams(_ context.Context, in *firehose.ListDeliveryStreamsInput, _ ...func(*firehose.Options)) (*firehose.ListDeliveryStreamsOutput, error) {
	if a.optional.streamsErr != nil {
		return nil, a.optional.streamsErr
	}
	var names []string
	for name := range a.optional.streams {
		if name > aws.ToString(in.ExclusiveStartDeliveryStreamName) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return &firehose.ListDeliveryStreamsOutput{DeliveryStreamNames: names[:min(1, len(names))], HasMoreDeliveryStreams: aws.Bool(len(names) > 1)}, nil
}

func (a *account) DescribeDeliveryStream(_ context.Context, in *firehose.DescribeDeliveryStreamInput, _ ...func(*firehose.Options)) (*firehose.DescribeDeliveryStreamOutput, error) {
	d := &firehosetypes.DeliveryStreamDescription{DeliveryStreamStatus: a.optional.streams[*in.DeliveryStreamName]}
	if d.DeliveryStreamStatus == firehosetypes.DeliveryStreamStatusCreatingFailed {
		d.FailureDescription = &firehosetypes.FailureDescription{Details: aws.String("the key is disabled")}
	}
	return &firehose.DescribeDeliveryStreamOutput{DeliveryStreamDescription: d}, nil
}

func (a *account) GetWorkGroup(_ context.Context, in *athena.GetWorkGroupInput, _ ...func(*athena.Options)) (*athena.GetWorkGroupOutput, error) {
	if a.optional.workgroup == "-" {
		return nil, missing("GetWorkGroup", "InvalidRequestException", *in.WorkGroup)
	}
	return &athena.GetWorkGroupOutput{WorkGroup: &athenatypes.WorkGroup{State: cmp.Or(a.optional.workgroup, athenatypes.WorkGroupStateEnabled)}}, nil
}

func (a *account) DescribeClientVpnEndpoints(context.Context, *ec2.DescribeClientVpnEndpointsInput, ...func(*ec2.Options)) (*ec2.DescribeClientVpnEndpointsOutput, error) {
	out := &ec2.DescribeClientVpnEndpointsOutput{}
	if a.optional.vpn != "" {
		out.ClientVpnEndpoints = []ec2types.ClientVpnEndpoint{{ClientVpnEndpointId: aws.String("cvpn-1"), Status: &ec2types.ClientVpnEndpointStatus{Code: a.optional.vpn}}}
	}
	return out, nil
}

// spent records what team data has spent this month of its budget.
func (a *account) spent(usd string) {
	a.settings.Costs.Budgets = map[string]float64{"data": 100}
	key := records.SpentKey("data", time.Now())
	a.items = []awsfake.Item{{"pk": records.String(key.Partition), "sk": records.String(key.Sort), "usd": &dynamodbtypes.AttributeValueMemberN{Value: usd}}}
}

// Parts that a stage has are checked, and those that it has not are not mentioned.
func TestOptionalParts(t *testing.T) {
	t.Parallel()
	streams := func(status firehosetypes.DeliveryStreamStatus) func(*account) {
		return func(a *account) {
			a.optional.streams = map[string]firehosetypes.DeliveryStreamStatus{"ephemr-dev-clicks": "ACTIVE", "ephemr-dev-sales": status, "ephemr-prod-x": "DELETING", "other": "DELETING"}
		}
	}
	for name, tt := range map[string]struct {
		change func(*account)
		want   string
		code   int
	}{
		"streams":                   {streams("ACTIVE"), "ok       streams         ephemr-dev-clicks, ephemr-dev-sales are active", 0},
		"a stream that failed":      {streams("CREATING_FAILED"), "failed   streams         ephemr-dev-sales is CREATING_FAILED: the key is disabled; see the log group /ephemr/dev/firehose, and redeploy", 1},
		"streams cannot be read":    {func(a *account) { a.optional.streamsErr = denied("ListDeliveryStreams") }, "unknown  streams         cannot determine which streams the stage has: ", 0},
		"a VPN":                     {func(a *account) { a.optional.vpn = "available" }, "ok       VPN             cvpn-1 is available; ephemr vpn list", 0},
		"a VPN without a subnet":    {func(a *account) { a.optional.vpn = "pending-associate" }, "failed   VPN             cvpn-1 has no subnet: no client can connect; redeploy", 1},
		"no settings of queries":    {func(a *account) { a.optional.query = "-" }, "warning  workgroups      the stage has no settings for queries: ephemr query cannot be used; redeploy", 0},
		"wrong settings of queries": {func(a *account) { a.optional.query = "{}" }, "failed   workgroups      read query settings: database or workgroups are missing; redeploy", 1},
		"a disabled workgroup":      {func(a *account) { a.optional.workgroup = "DISABLED" }, "failed   workgroups      ephemr-dev-query-default: is DISABLED: its team cannot query; redeploy", 1},
		"no workgroup":              {func(a *account) { a.optional.workgroup = "-" }, "failed   workgroups      ephemr-dev-query-default: does not exist; redeploy", 1},
		"a budget":                  {func(a *account) { a.spent("20") }, "ok       budgets         data: 20.00 of 100.00 USD spent this month, forecast ", 0},
		"a budget that is used":     {func(a *account) { a.spent("80") }, "warning  budgets         data: 80.00 of 100.00 USD spent this month, forecast ", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount()
			tt.change(a)
			out, _, code := examine(t, a, doctor.Options{Stage: "dev", Version: "v1"})
			if code != tt.code || !strings.Contains(out, tt.want) {
				t.Errorf("exit code %d, want %d, and %q in:\n%s", code, tt.code, tt.want, out)
			}
		})
	}
}
