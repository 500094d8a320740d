package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
)

// Peering connects the stage's VPC with another one, with routes on both sides.
type Peering struct {
	VPC         string   `yaml:"vpc"`
	CIDR        string   `yaml:"cidr"`        // its addresses
	Account     string   `yaml:"account"`     // empty = the stage's
	Region      string   `yaml:"region"`      // empty = the stage's
	AcceptRole  string   `yaml:"acceptRole"`  // ARN of a role of the other account that accepts the connection and changes routes
	RouteTables []string `yaml:"routeTables"` // of the other VPC, which get a route to the stage's
}

// Elsewhere reports whether the VPC is in another account or Region.
func (p Peering) Elsewhere() bool { return p.Account != "" || p.Region != "" }

var (
	routeTableID = regexp.MustCompile(`^rtb-[0-9a-f]{8,17}$`)
	roleARN      = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):role/[\w+=,.@/-]+$`)
)

// validatePeerings returns all errors of the peerings. Addresses of peered networks must not overlap.
func (c Config) validatePeerings() (errs []error) {
	n := c.Network
	if len(n.Peerings) > 0 && !n.Creates() {
		return []error{fmt.Errorf("network.peerings: the routes of an existing VPC are not the stage's; connect it yourself")}
	}
	taken := map[string]netip.Prefix{}
	if own, err := netip.ParsePrefix(n.CIDR); err == nil {
		taken["network.cidr"] = own
	}
	for i, p := range n.Peerings {
		key := fmt.Sprintf("network.peerings[%d]", i)
		for _, text := range p.validate(c.Account) {
			errs = append(errs, fmt.Errorf("%s.%s", key, text))
		}
		cidr, ok := p.addresses()
		if !ok {
			errs = append(errs, fmt.Errorf("%s.cidr %q is not a range of IPv4 addresses (example: 10.30.0.0/16)", key, p.CIDR))
			continue
		}
		for _, other := range sortedKeys(taken) {
			if taken[other].Overlaps(cidr) {
				errs = append(errs, fmt.Errorf("%s.cidr %s overlaps %s %s: addresses of peered networks must differ", key, cidr, other, taken[other]))
			}
		}
		taken[key+".cidr"] = cidr
		if slices.ContainsFunc(n.Peerings[:i], func(o Peering) bool { return o.VPC == p.VPC }) {
			errs = append(errs, fmt.Errorf("%s.vpc: duplicate %s; remove one", key, p.VPC))
		}
	}
	return errs
}

// addresses are those of the other VPC.
func (p Peering) addresses() (cidr netip.Prefix, ok bool) {
	cidr, err := netip.ParsePrefix(p.CIDR)
	return cidr, err == nil && cidr.Addr().Is4() && cidr == cidr.Masked()
}

// validate returns the errors of a peering, each beginning with its key.
func (p Peering) validate(own string) (errs []string) {
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Sprintf(format, args...))
		}
	}
	need(vpcID.MatchString(p.VPC), "vpc %q is not the id of a VPC, like vpc-0123456789abcdef0", p.VPC)
	need(accountID.MatchString(p.Account), "account %q must have 12 digits", p.Account)
	need(p.Account == "" || p.Account != own, "account %s is the stage's; leave it out", p.Account)
	need(regionName.MatchString(p.Region), "region %q must be the name of a Region, like eu-west-1", p.Region)
	role := roleARN.FindStringSubmatch(p.AcceptRole)
	switch {
	case p.Account != "" && p.AcceptRole == "":
		need(false, "acceptRole is missing: name a role of account %s that may accept the connection", p.Account)
	case p.AcceptRole != "" && (role == nil || role[1] != p.Account):
		need(false, "acceptRole %q must be the ARN of a role of the other account", p.AcceptRole)
	}
	need(len(p.RouteTables) > 0, "routeTables is missing: name those of %s that lead to the stage's VPC", p.VPC)
	for i, id := range p.RouteTables {
		need(routeTableID.MatchString(id), "routeTables[%d]: %q is not the id of a route table, like rtb-0123456789abcdef0", i, id)
	}
	return errs
}
