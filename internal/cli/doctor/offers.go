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

// types checks that each fleet has an instance type in a zone of its subnets.
func (d *doctor) types(ctx context.Context, name string) []Finding {
	all, err := d.shapes(ctx)
	if err != nil {
		return nil
	}
	subnets, err := d.subnets(ctx)
	if err != nil {
		return d.cannot(name, "which zones clusters use", err)
	}
	offered, err := d.offered(ctx, all)
	if err != nil {
		return d.cannot(name, "which instance types are offered", err)
	}
	var findings []Finding
	for _, s := range all {
		findings = append(findings, missingTypes(name, s, subnets, offered)...)
	}
	if len(findings) > 0 {
		return findings
	}
	return ok(name, "all are offered in the zones of their subnets")
}

// zonesOf returns the zones that clusters of p can start in.
func zonesOf(p profile.Profile, subnets []types.Subnet) []string {
	var all []string
	for _, s := range subnets {
		if slices.Contains(p.Subnets, aws.ToString(s.SubnetId)) || len(p.Subnets) == 0 && aws.ToBool(s.DefaultForAz) {
			all = append(all, aws.ToString(s.AvailabilityZone))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// missingTypes compares the fleets of a profile, and those of each fallback, with what
// their zones offer. Clusters can start as long as one of them has a zone.
func missingTypes(name string, s shape, subnets []types.Subnet, offered map[string][]string) []Finding {
	var warnings []Finding
	var all []string
	startable := false
	for n := range s.rungs() {
		usable, gaps := compareTypes(s.profile.Rung(n), subnets, offered)
		startable = startable || len(usable) > 0
		if len(gaps) == 0 {
			continue
		}
		which, where := "profile "+s.name, "in "+strings.Join(usable, ", ")+" only"
		if n > 0 {
			which = fmt.Sprintf("fallback %d of profile %s", n, s.name)
		}
		if len(usable) == 0 {
			where = "in no zone"
		}
		what := fmt.Sprintf(" can start %s: %s", where, strings.Join(gaps, "; "))
		if slices.ContainsFunc(warnings, func(f Finding) bool { return strings.HasSuffix(f.Found, what) }) {
			continue // a fallback with the same types and subnets
		}
		all = append(all, gaps...)
		warnings = append(warnings, Finding{Check: name, Verdict: Warning, Do: addTypes, Found: which + what})
	}
	if startable || len(all) == 0 { // without any zone the network check fails
		return warnings
	}
	which := "profile " + s.name
	if s.rungs() > 1 {
		which += " or of a fallback"
	}
	slices.Sort(all)
	return []Finding{{
		Check: name, Verdict: Failed, Do: addTypes,
		Found: fmt.Sprintf("no zone has types for all fleets of %s: %s", which, strings.Join(slices.Compact(all), "; ")),
	}}
}

const addTypes = "add types in infra/config that these zones offer (aws ec2 describe-instance-type-offerings --location-type availability-zone), or use other subnets"

// compareTypes returns the zones with types for all fleets of p, and what is missing in
// the others. EMR starts all fleets of a cluster in one zone.
func compareTypes(p profile.Profile, subnets []types.Subnet, offered map[string][]string) (usable, gaps []string) {
	for _, zone := range zonesOf(p, subnets) {
		before := len(gaps)
		for _, f := range []*profile.Fleet{&p.Primary, p.Core, p.Task} {
			if f != nil && !slices.ContainsFunc(f.Types, func(t string) bool { return slices.Contains(offered[t], zone) }) {
				gaps = append(gaps, fmt.Sprintf("%s has none of %s", zone, strings.Join(f.Types, ", ")))
			}
		}
		if len(gaps) == before {
			usable = append(usable, zone)
		}
	}
	slices.Sort(gaps)
	return usable, slices.Compact(gaps)
}

// offered returns the zones that offer each type of the profiles.
func (d *doctor) offered(ctx context.Context, all []shape) (map[string][]string, error) {
	var names []string
	for _, s := range all {
		for n := range s.rungs() {
			p := s.profile.Rung(n)
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
