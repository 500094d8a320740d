package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/budget"
	"ephemr/internal/fault"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Clients for parts that not every stage has.
type (
	// StreamsAPI reads delivery streams of Firehose.
	StreamsAPI interface {
		ListDeliveryStreams(context.Context, *firehose.ListDeliveryStreamsInput, ...func(*firehose.Options)) (*firehose.ListDeliveryStreamsOutput, error)
		DescribeDeliveryStream(
			context.Context, *firehose.DescribeDeliveryStreamInput, ...func(*firehose.Options),
		) (*firehose.DescribeDeliveryStreamOutput, error)
	}
	// WorkgroupsAPI reads workgroups of Athena.
	WorkgroupsAPI interface {
		GetWorkGroup(context.Context, *athena.GetWorkGroupInput, ...func(*athena.Options)) (*athena.GetWorkGroupOutput, error)
	}
)

// streams checks that the streams of ingestion deliver. It reports nothing for a stage without.
func (d *doctor) streams(ctx context.Context, name string) []Finding {
	names, err := d.deliveries(ctx)
	if err != nil {
		return d.cannot(name, "which streams the stage has", err)
	}
	var findings []Finding
	for _, stream := range names {
		out, err := d.with.Streams.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &stream})
		if err != nil {
			return d.cannot(name, "whether "+stream+" delivers", err)
		}
		if s := out.DeliveryStreamDescription; s.DeliveryStreamStatus != firehosetypes.DeliveryStreamStatusActive {
			found := fmt.Sprintf("%s is %s", stream, s.DeliveryStreamStatus)
			if s.FailureDescription != nil {
				found += ": " + aws.ToString(s.FailureDescription.Details)
			}
			findings = append(findings, Finding{Check: name, Verdict: Failed, Found: found, Do: "see the log group /ephemr/" + d.Stage + "/firehose, and " + d.redeploy()})
		}
	}
	if len(findings) > 0 || len(names) == 0 {
		return findings
	}
	return ok(name, "%s are active", strings.Join(names, ", "))
}

// deliveries are the names of the stage's delivery streams.
func (d *doctor) deliveries(ctx context.Context) (names []string, _ error) {
	in := &firehose.ListDeliveryStreamsInput{}
	for {
		out, err := d.with.Streams.ListDeliveryStreams(ctx, in)
		if err != nil {
			return nil, err //nolint:wrapcheck // the operation is in it
		}
		for _, n := range out.DeliveryStreamNames {
			if strings.HasPrefix(n, "ephemr-"+d.Stage+"-") {
				names = append(names, n)
			}
		}
		if !aws.ToBool(out.HasMoreDeliveryStreams) || len(out.DeliveryStreamNames) == 0 {
			return names, nil
		}
		in.ExclusiveStartDeliveryStreamName = &out.DeliveryStreamNames[len(out.DeliveryStreamNames)-1]
	}
}

// vpn checks that clients can connect. It reports nothing for a stage without.
func (d *doctor) vpn(ctx context.Context, name string) []Finding {
	in := &ec2.DescribeClientVpnEndpointsInput{Filters: []ec2types.Filter{{Name: aws.String("tag:ephemr:stage"), Values: []string{d.Stage}}}}
	var findings []Finding
	for p := ec2.NewDescribeClientVpnEndpointsPaginator(d.with.Network, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return d.cannot(name, "whether clients can connect", err)
		}
		for _, e := range page.ClientVpnEndpoints {
			findings = append(findings, d.endpointOf(name, e)...)
		}
	}
	return findings
}

// endpointOf is the finding of a VPN's endpoint.
func (d *doctor) endpointOf(name string, e ec2types.ClientVpnEndpoint) []Finding {
	id, code := aws.ToString(e.ClientVpnEndpointId), ec2types.ClientVpnEndpointStatusCodeAvailable
	if e.Status != nil {
		code = e.Status.Code
	}
	switch code {
	case ec2types.ClientVpnEndpointStatusCodeAvailable:
		return ok(name, "%s is available; ephemr vpn list shows its clients", id)
	case ec2types.ClientVpnEndpointStatusCodePendingAssociate, ec2types.ClientVpnEndpointStatusCodePending:
		return []Finding{{Check: name, Verdict: Failed, Found: id + " has no subnet: no client can connect", Do: d.redeploy()}}
	case ec2types.ClientVpnEndpointStatusCodeDeleting, ec2types.ClientVpnEndpointStatusCodeDeleted:
	}
	return nil
}

// workgroups checks that each team's workgroup exists and is enabled.
func (d *doctor) workgroups(ctx context.Context, name string) []Finding {
	out, err := d.with.Parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(stage.QueryParameter(d.Stage))})
	switch {
	case fault.Code(err) == "ParameterNotFound":
		return []Finding{{Check: name, Verdict: Warning, Found: "the stage has no settings for queries: ephemr query cannot be used", Do: d.redeploy()}}
	case err != nil:
		return d.cannot(name, "which workgroups the stage has", err)
	}
	q, err := stage.ParseQuery(aws.ToString(out.Parameter.Value))
	if err != nil {
		return []Finding{{Check: name, Verdict: Failed, Found: err.Error(), Do: d.redeploy()}}
	}
	var names []string
	for _, team := range slices.Sorted(maps.Keys(q.Workgroups)) {
		names = append(names, q.Workgroups[team].Name)
	}
	return d.each(name, names, "enabled", func(group string) (string, error) {
		out, err := d.with.Workgroups.GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &group})
		if fault.Code(err) == "InvalidRequestException" { // Athena's error for one that does not exist
			return "does not exist", nil
		}
		if err != nil || out.WorkGroup.State == athenatypes.WorkGroupStateEnabled {
			return "", err //nolint:wrapcheck // the operation is in it
		}
		return "is " + string(out.WorkGroup.State) + ": its team cannot query", nil
	})
}

// budgets reports what teams have spent of their budgets. It reports nothing for a stage without.
func (d *doctor) budgets(ctx context.Context, name string) []Finding {
	all := d.settings.Costs.Budgets
	runs, now := &store.Runs{DB: d.with.Records, Table: d.settings.RunsTable}, time.Now()
	running, err := budget.Running(ctx, runs, all, now)
	if err != nil {
		return d.wrong(name, err)
	}
	var findings []Finding
	for _, team := range slices.Sorted(maps.Keys(all)) {
		spent, err := runs.Spent(ctx, team, now)
		if err != nil {
			return d.wrong(name, err)
		}
		s := budget.Of(team, all[team], spent, running[team], now)
		f := Finding{Check: name, Verdict: OK, Found: fmt.Sprintf("%s: %.2f of %.2f USD spent this month, forecast %.2f", team, s.Spent, s.Budget, s.Forecast)}
		if s.Percent() >= budget.Levels[0] {
			f.Verdict, f.Do = Warning, "see ephemr cost --by pipeline, or raise costs.budgets in the stage's file"
		}
		findings = append(findings, f)
	}
	return findings
}
