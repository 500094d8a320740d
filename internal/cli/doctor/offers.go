package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ephemr/internal/emr/account"
	"ephemr/internal/profile"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// releases checks that EMR has the releases of the profiles in this Region.
func (d *doctor) releases(ctx context.Context, name string) []Finding {
	all, err := d.shapes(ctx)
	if err != nil {
		return nil // the profiles check reports it
	}
	var known []string
	for _, s := range all {
		if s.err != nil || slices.Contains(known, s.profile.Release) {
			continue
		}
		exists, err := account.HasRelease(ctx, d.with.EMR, s.profile.Release)
		switch {
		case err != nil:
			return d.cannot(name, "which releases EMR has", err)
		case !exists:
			return []Finding{{
				Check: name, Verdict: Failed, Found: fmt.Sprintf("EMR has no release %s, which profile %s names", s.profile.Release, s.name),
				Do: "list releases with aws emr list-release-labels, set one in infra/config and " + d.redeploy(),
			}}
		}
		known = append(known, s.profile.Release)
	}
	return ok(name, "EMR has %s", strings.Join(known, ", "))
}

// types checks that each fleet has an instance type in a zone of its subnets. EMR
// starts all fleets of a cluster in one zone.
func (d *doctor) types(ctx context.Context, name string) []Finding {
	all, err := d.shapes(ctx)
	if err != nil {
		return nil
	}
	subnets, err := d.subnets(ctx)
	if err != nil {
		return d.cannot(name, "which zones clusters use", err)
	}
	zones := map[string]string{} // by subnet
	for _, s := range subnets {
		zones[aws.ToString(s.SubnetId)] = aws.ToString(s.AvailabilityZone)
	}
	offered, err := d.offered(ctx, all)
	if err != nil {
		return d.cannot(name, "which instance types are offered", err)
	}
	var findings []Finding
	for _, s := range all {
		if s.err == nil {
			findings = append(findings, missingTypes(name, s, zonesOf(s.profile, zones), offered)...)
		}
	}
	if len(findings) > 0 {
		return findings
	}
	return ok(name, "all are offered in the zones of their subnets")
}

// zonesOf returns the zones that clusters of p can start in.
func zonesOf(p profile.Profile, zones map[string]string) []string {
	var all []string
	for subnet, zone := range zones {
		if len(p.Subnets) == 0 || slices.Contains(p.Subnets, subnet) {
			all = append(all, zone)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// missingTypes compares the fleets of every fallback with what each zone offers.
func missingTypes(name string, s shape, zones []string, offered map[string][]string) []Finding {
	var usable, gaps []string
	for _, zone := range zones {
		complete := true
		for rung := range s.profile.Rungs() {
			p := s.profile.Rung(rung)
			for _, f := range []*profile.Fleet{&p.Primary, p.Core, p.Task} {
				if f == nil || slices.ContainsFunc(f.Types, func(t string) bool { return slices.Contains(offered[t], zone) }) {
					continue
				}
				complete = false
				gaps = append(gaps, fmt.Sprintf("%s has none of %s", zone, strings.Join(f.Types, ", ")))
			}
		}
		if complete {
			usable = append(usable, zone)
		}
	}
	slices.Sort(gaps)
	gaps = slices.Compact(gaps)
	f := Finding{Check: name, Verdict: Warning, Do: "add types in infra/config that these zones offer (aws ec2 describe-instance-type-offerings --location-type availability-zone), or use other subnets"}
	switch {
	case len(gaps) == 0:
		return nil
	case len(usable) == 0:
		f.Verdict = Failed
		f.Found = fmt.Sprintf("no zone has types for all fleets of profile %s: %s", s.name, strings.Join(gaps, "; "))
	default:
		f.Found = fmt.Sprintf("profile %s can start in %s only: %s", s.name, strings.Join(usable, ", "), strings.Join(gaps, "; "))
	}
	return []Finding{f}
}

// offered returns the zones that offer each type of the profiles.
func (d *doctor) offered(ctx context.Context, all []shape) (map[string][]string, error) {
	var names []string
	for _, s := range all {
		for rung := range s.profile.Rungs() {
			p := s.profile.Rung(rung)
			for _, f := range []*profile.Fleet{&p.Primary, p.Core, p.Task} {
				if f != nil {
					names = append(names, f.Types...)
				}
			}
		}
	}
	slices.Sort(names)
	zones := map[string][]string{}
	in := &ec2.DescribeInstanceTypeOfferingsInput{
		LocationType: types.LocationTypeAvailabilityZone,
		Filters:      []types.Filter{{Name: aws.String("instance-type"), Values: slices.Compact(names)}},
	}
	for p := ec2.NewDescribeInstanceTypeOfferingsPaginator(d.with.Network, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // the operation is in it
		}
		for _, o := range page.InstanceTypeOfferings {
			zones[string(o.InstanceType)] = append(zones[string(o.InstanceType)], aws.ToString(o.Location))
		}
	}
	return zones, nil
}
