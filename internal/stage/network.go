package stage

import (
	"encoding/json"
	"fmt"
)

// Network is the stage's network of clusters, which the deployment writes into an SSM parameter of its own: it
// can change without the settings.
type Network struct {
	VPC     string   `json:"vpc"`
	Subnets []string `json:"subnets"` // private; EMR chooses one by its zone

	// Security groups that EMR manages. In private subnets it requires all three or none.
	Primary       string `json:"primary"`
	Core          string `json:"core"`          // of core and task instances
	ServiceAccess string `json:"serviceAccess"` // of EMR's interface in the subnet
}

// NetworkParameter is the name of the SSM parameter with a stage's Network.
func NetworkParameter(stage string) string { return "/ephemr/" + stage + "/network" }

// VPNAuthority names the secret of Secrets Manager that has the key of a stage's VPN authority. No job may read it.
func VPNAuthority(stage string) string { return "ephemr/" + stage + "/vpn-authority" }

// ParseNetwork decodes the parameter of a Network.
func ParseNetwork(text string) (Network, error) {
	var n Network
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return n, fmt.Errorf("read network: %w", err)
	}
	if n.VPC == "" || len(n.Subnets) == 0 || n.Primary == "" || n.Core == "" || n.ServiceAccess == "" {
		return n, fmt.Errorf("read network: vpc, subnets or a security group is missing in %s", text)
	}
	return n, nil
}
