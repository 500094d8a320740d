package session

import "os/user"

// Who names the person at the terminal, for reasons and records. It proves nothing.
func Who() string {
	u, err := user.Current()
	if err != nil {
		return "somebody"
	}
	return u.Username
}
