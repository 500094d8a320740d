package doctor

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"ephemr/internal/cli/session"
	"ephemr/internal/emr/account"
	"ephemr/internal/fault"
	"ephemr/internal/profile"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
)

// QuotasAPI reads service quotas.
type QuotasAPI interface {
	GetServiceQuota(context.Context, *servicequotas.GetServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetServiceQuotaOutput, error)
	servicequotas.ListServiceQuotasAPIClient
}

// Quotas of EC2, in vCPUs of the families A, C, D, H, I, M, R, T and Z.
const (
	onDemandQuota = "L-1216C47A"
	spotQuota     = "L-34B43A08"
)

// cannot returns the finding for an optional check that could not be performed.
func (d *doctor) cannot(name, what string, err error) []Finding {
	why := session.Short(err)
	switch code := fault.Code(err); {
	case late(err):
		why = fmt.Sprintf("no response within %s", d.Timeout)
	case code == "UnknownOperationException" || code == "UnknownError": // the SDK's code for a response that is not from AWS
		why = "not supported by the local region"
	}
	return []Finding{{Check: name, Verdict: Unknown, Found: "cannot determine " + what + ": " + why}}
}

// instances compares the vCPUs of the profiles with the EC2 quotas.
func (d *doctor) instances(ctx context.Context, name string) []Finding {
	all, err := d.shapes(ctx)
	if err != nil {
		return nil // the profiles check reports it
	}
	var findings []Finding
	text := ""
	for _, market := range []struct {
		name, code string
		units      func(profile.Fleet) int
	}{
		{"on-demand", onDemandQuota, func(f profile.Fleet) int { return f.OnDemand }},
		{"spot", spotQuota, func(f profile.Fleet) int { return f.Spot }},
	} {
		out, err := d.with.Quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("ec2"), QuotaCode: aws.String(market.code)})
		if err != nil {
			return d.cannot(name, "how many vCPUs are allowed", err)
		}
		allowed := int(aws.ToFloat64(out.Quota.Value))
		text += fmt.Sprintf("%d %s vCPUs, ", allowed, market.name)
		for _, s := range all {
			if s.err != nil {
				continue
			}
			if f, wanted, bad := d.fits(s, allowed, market.name, market.units); bad {
				f.Check, f.Do = name, increase("ec2", market.code, wanted)+", or use fewer or smaller instances"
				findings = append(findings, f)
			}
		}
	}
	if len(findings) > 0 {
		return findings
	}
	return ok(name, "%senough for %d runs at a time", text, d.settings.Limits.MaxActive)
}

// increase is the command that requests a higher quota.
func increase(service, code string, wanted int) string {
	return fmt.Sprintf("run aws service-quotas request-service-quota-increase --service-code %s --quota-code %s --desired-value %d", service, code, wanted)
}

// fits checks one cluster of s, and as many as the stage runs at a time, against
// a quota, and returns how many vCPUs the latter take.
func (d *doctor) fits(s shape, allowed int, market string, units func(profile.Fleet) int) (f Finding, wanted int, bad bool) {
	most := 0
	for rung := range s.profile.Rungs() {
		most = max(most, demand(s.profile.Rung(rung), units))
	}
	limit := d.settings.Limits.MaxActive
	switch {
	case most > allowed:
		return Finding{Verdict: Failed, Found: fmt.Sprintf("a cluster of profile %s takes about %d %s vCPUs, %d are allowed", s.name, most, market, allowed)}, most * limit, true
	case most*limit > allowed:
		return Finding{Verdict: Warning, Found: fmt.Sprintf("%d clusters of profile %s at a time take about %d %s vCPUs, %d are allowed",
			limit, s.name, most*limit, market, allowed)}, most * limit, true
	}
	return Finding{}, 0, false
}

// demand estimates the vCPUs of a cluster from its largest instance types.
func demand(p profile.Profile, units func(profile.Fleet) int) int {
	sum := 0
	for _, f := range []*profile.Fleet{&p.Primary, p.Core, p.Task} {
		if f == nil {
			continue
		}
		largest := 0
		for _, t := range f.Types {
			largest = max(largest, VCPUs(t))
		}
		sum += units(*f) * largest
	}
	return sum
}

// instanceType is a family that counts for the quotas, and a size.
var instanceType = regexp.MustCompile(`^(?:a|c|d|h|i|im|is|m|r|t|z)\d[a-z0-9-]*\.(?:(large)|(\d*)xlarge)$`)

// VCPUs returns the vCPUs of an instance type, derived from its size, which is
// right for all but a few types. It is 0 if it cannot be derived.
func VCPUs(t string) int {
	m := instanceType.FindStringSubmatch(t)
	switch {
	case m == nil:
		return 0
	case m[1] != "":
		return 2
	case m[2] == "":
		return 4
	}
	n, _ := strconv.Atoi(m[2]) // digits
	return 4 * n
}

// activeClusters matches the name of the quota.
var activeClusters = regexp.MustCompile(`(?i)active clusters`)

func (d *doctor) clusters(ctx context.Context, name string) []Finding {
	in := &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("elasticmapreduce")}
	for p := servicequotas.NewListServiceQuotasPaginator(d.with.Quotas, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return d.cannot(name, "how many clusters are allowed", err)
		}
		for _, q := range page.Quotas {
			if !activeClusters.MatchString(aws.ToString(q.QuotaName)) {
				continue
			}
			allowed, limit := int(aws.ToFloat64(q.Value)), d.settings.Limits.MaxActive
			if allowed < limit {
				return []Finding{{
					Check: name, Verdict: Warning, Found: fmt.Sprintf("%d clusters at a time are allowed, the stage runs up to %d", allowed, limit),
					Do: increase("elasticmapreduce", aws.ToString(q.QuotaCode), limit) + ", or lower limits.maxActive",
				}}
			}
			return ok(name, "%d clusters at a time, the stage runs up to %d", allowed, limit)
		}
	}
	return []Finding{{Check: name, Verdict: Unknown, Found: "cannot determine how many clusters are allowed: no such quota"}}
}

func (d *doctor) publicAccess(ctx context.Context, name string) []Finding {
	blocked, err := account.BlocksPublicAccess(ctx, d.with.EMR)
	switch {
	case err != nil:
		return d.cannot(name, "whether EMR blocks it", err)
	case !blocked:
		return []Finding{{
			Check: name, Verdict: Warning, Found: "EMR allows public access to clusters",
			Do: "run aws emr put-block-public-access-configuration --block-public-access-configuration " +
				"'BlockPublicSecurityGroupRules=true,PermittedPublicSecurityGroupRuleRanges=[{MinRange=22,MaxRange=22}]'",
		}}
	}
	return ok(name, "EMR blocks it")
}
