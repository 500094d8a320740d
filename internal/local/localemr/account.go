package localemr

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// account is the state that belongs to no cluster. It is guarded by Server.mu.
type account struct {
	SecurityConfigurations []securityConfiguration
	PublicAccess           publicAccess
}

// newAccount is the state of an account that has not used EMR, but for one security
// configuration: CloudFormation creates those of a stage, which the emulator cannot.
func newAccount() account {
	return account{
		PublicAccess: defaultPublicAccess(),
		SecurityConfigurations: []securityConfiguration{{
			Name: "runtime-roles", CreationDateTime: now(),
			SecurityConfiguration: `{"AuthorizationConfiguration":{"IAMConfiguration":{"EnableApplicationScopedIAMRole":true}}}`,
		}},
	}
}

// accountFile has no suffix: the state's other files are clusters.
func (st store) accountFile() string { return filepath.Join(st.dir, "account") }

func (st store) loadAccount() (account, error) {
	b, err := os.ReadFile(st.accountFile())
	if errors.Is(err, os.ErrNotExist) {
		return newAccount(), nil
	}
	if err != nil {
		return account{}, fmt.Errorf("read state: %w", err)
	}
	var a account
	if err := json.Unmarshal(b, &a); err != nil {
		return account{}, fmt.Errorf("decode state of the account: %w", err)
	}
	return a, nil
}

func (st store) saveAccount(a account) error {
	b, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode state of the account: %w", err)
	}
	return WriteFileAtomically(st.accountFile(), b)
}
