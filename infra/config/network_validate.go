package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"ephemr/internal/access"
)

var (
	vpcID    = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)
	subnetID = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
)

// validateNetwork returns all errors of the network, and of settings that it excludes.
func (c Config) validateNetwork() error {
	n := c.Network
	if n == nil {
		return nil
	}
	var errs []error
	switch {
	case n.CIDR == "" && n.VPC == "" && len(n.Subnets) == 0:
		errs = append(errs, errors.New("network.cidr is missing: set the addresses of a new VPC, like 10.20.0.0/16, or vpc and subnets of an existing one"))
	case n.Creates() && len(n.Subnets) == 0:
		errs = append(append(errs, c.validateCIDR()...), n.validateNew()...)
	default:
		errs = append(errs, n.validateExisting()...)
	}
	errs = append(append(errs, n.validateLists()...), c.validatePeerings()...)
	errs = append(errs, c.validateVPN()...)
	if n.Creates() && n.NAT == NoNAT {
		errs = append(errs, c.validateWithoutNAT()...)
	}
	return errors.Join(append(errs, c.validateProfileSubnets())...)
}

// collect returns a function that adds an error of the network unless something holds.
func collect(errs *[]error) func(ok bool, format string, args ...any) {
	return func(ok bool, format string, args ...any) {
		if !ok {
			*errs = append(*errs, fmt.Errorf("network."+format, args...))
		}
	}
}

// validateNew checks what only a VPC that the stage creates has, beside its addresses.
func (n Network) validateNew() (errs []error) {
	need := collect(&errs)
	need(n.Zones == 0 || n.Zones == 2 || n.Zones == 3, "zones %d must be 2 or 3", n.Zones)
	need(slices.Contains([]NAT{"", NoNAT, OneNAT, ZoneNAT}, n.NAT), "nat %q must be none, one or zone", n.NAT)
	return errs
}

// validateLists checks what every network can have.
func (n Network) validateLists() (errs []error) {
	need := collect(&errs)
	for i, name := range n.Endpoints {
		need(name == AutoEndpoints || slices.Contains(KnownEndpoints, name), "endpoints[%d]: unknown service %q; use auto, or names of %s", i, name, strings.Join(KnownEndpoints, ", "))
	}
	for i, name := range n.Buckets {
		need(bucketName.MatchString(name), "buckets[%d]: %q is not the name of a bucket", i, name)
	}
	need(n.FlowLogs.Days == 0 || slices.Contains(LogDays, n.FlowLogs.Days), "flowLogs.days %d must be one of %v", n.FlowLogs.Days, LogDays)
	return errs
}

// private are the addresses of private networks.
// Source: Amazon VPC User Guide, "VPC CIDR blocks".
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
}

func isPrivate(p netip.Prefix) bool {
	return slices.ContainsFunc(private, func(of netip.Prefix) bool { return of.Contains(p.Addr()) && of.Bits() <= p.Bits() })
}

// validateCIDR checks the addresses of a VPC that the stage creates: each subnet must hold the
// largest cluster.
func (c Config) validateCIDR() []error {
	n := c.Network
	prefix, err := netip.ParsePrefix(n.CIDR)
	switch {
	case err != nil || !prefix.Addr().Is4():
		return []error{fmt.Errorf("network.cidr %q is not a range of IPv4 addresses (example: 10.20.0.0/16)", n.CIDR)}
	case prefix != prefix.Masked():
		return []error{fmt.Errorf("network.cidr %s does not begin at the start of its range; write %s", n.CIDR, prefix.Masked())}
	case !isPrivate(prefix):
		return []error{fmt.Errorf("network.cidr %s is not private; use a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10", n.CIDR)}
	case prefix.Bits() < largestVPC:
		return []error{fmt.Errorf("network.cidr %s is larger than the maximum of a VPC; use /16 to /24", n.CIDR)}
	case prefix.Bits() > smallestVPC:
		return []error{fmt.Errorf("network.cidr %s is too small for private subnets in %d zones; use /16 to /24", n.CIDR, n.ZoneCount())}
	}
	var errs []error
	for _, name := range c.ShapeNames() {
		if most := c.Shapes[name].MostInstances(); most > n.Addresses() {
			errs = append(errs, fmt.Errorf("network.cidr %s is too small: a subnet holds %d instances, and a cluster of profile %s up to %d", n.CIDR, n.Addresses(), name, most))
		}
	}
	return errs
}

// validateExisting checks the names of an existing network.
func (n Network) validateExisting() (errs []error) {
	need := collect(&errs)
	need(n.VPC != "", "subnets: are of an existing VPC; name it in vpc")
	need(n.VPC == "" || vpcID.MatchString(n.VPC), "vpc %q is not the id of a VPC, like vpc-0123456789abcdef0", n.VPC)
	need(len(n.Subnets) > 0, "subnets is missing: name private subnets of %s", n.VPC)
	for i, id := range n.Subnets {
		need(subnetID.MatchString(id), "subnets[%d]: %q is not the id of a subnet, like subnet-0123456789abcdef0", i, id)
		need(!slices.Contains(n.Subnets[:i], id), "subnets[%d]: duplicate %s; remove one", i, id)
	}
	for _, key := range []struct {
		name string
		set  bool
	}{{"cidr", n.CIDR != ""}, {"zones", n.Zones != 0}, {"nat", n.NAT != ""}} {
		need(!key.set, "%s: the VPC exists and keeps its own; remove %[1]s, or vpc and subnets", key.name)
	}
	return errs
}

// validateWithoutNAT names what needs the internet, and services that have no endpoint.
func (c Config) validateWithoutNAT() (errs []error) {
	refuse := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf(key+": "+format+", and network.nat is none", args...))
	}
	if c.Lineage.SparkURL != "" && !c.reachable(c.Lineage.SparkURL) {
		refuse("lineage.sparkUrl", "%s is on the internet", c.Lineage.SparkURL)
	}
	for _, pattern := range c.AllSecrets() {
		if c.elsewhere(pattern) {
			refuse("secrets", "%s is in another Region, which needs the internet", pattern)
		}
	}
	for _, name := range c.ShapeNames() {
		errs = append(errs, c.validateProfileWithoutNAT(name)...)
	}
	names := c.EndpointNames()
	for _, u := range c.uses() {
		if !slices.Contains(names, u.service) {
			errs = append(errs, fmt.Errorf("network.endpoints: %s is missing: %s, and network.nat is none; add it, or auto", u.service, u.why))
		}
	}
	return errs
}

// validateProfileWithoutNAT names what clusters of a profile load from the internet.
func (c Config) validateProfileWithoutNAT(name string) (errs []error) {
	public := func(address string) bool { return strings.HasPrefix(address, "http") && !c.reachable(address) }
	values := properties(c.Shapes[name].Configurations)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if strings.HasSuffix(key, " spark.jars.packages") || public(values[key]) {
			errs = append(errs, fmt.Errorf("profiles.%s.configurations: %s %s needs the internet, and network.nat is none", name, key, values[key]))
		}
	}
	for i, action := range c.Shapes[name].Bootstrap {
		if j := slices.IndexFunc(action.Args, public); j >= 0 {
			errs = append(errs, fmt.Errorf("profiles.%s.bootstrap[%d]: %s is on the internet, and network.nat is none", name, i, action.Args[j]))
		}
	}
	return errs
}

// reachable reports whether an address is one of a private network.
func (c Config) reachable(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return isPrivate(netip.PrefixFrom(ip, ip.BitLen()))
	}
	return strings.HasSuffix(u.Hostname(), ".internal")
}

// validateProfileSubnets rejects subnets of profiles: the security groups are of the network's VPC.
func (c Config) validateProfileSubnets() error {
	var errs []error
	refuse := func(key string, subnets []string) {
		for i, id := range subnets {
			if !slices.Contains(c.Network.Subnets, id) {
				errs = append(errs, fmt.Errorf("%s[%d]: %s is not one of network.subnets; remove it", key, i, id))
			}
		}
	}
	for _, name := range c.ShapeNames() {
		refuse("profiles."+name+".subnets", c.Shapes[name].Subnets)
		for i, f := range c.Shapes[name].Fallbacks {
			refuse(fmt.Sprintf("profiles.%s.fallbacks[%d].subnets", name, i), f.Subnets)
		}
	}
	return errors.Join(errs...)
}

// elsewhere reports whether a pattern of secrets is of another Region than the stage's.
func (c Config) elsewhere(pattern string) bool {
	p, err := access.ParseSecrets(pattern)
	here := access.Place{Region: c.Region}
	return err == nil && c.Region != "" && here.Of(p.Ref).Region != c.Region
}
