package session

import "os/user"

// Who returns the name of the local user for reasons and records. It is not
// authenticated.
func Who() string {
	u, err := user.Current()
	if err != nil {
		return "unknown user"
	}
	return u.Username
}
