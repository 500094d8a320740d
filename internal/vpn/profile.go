package vpn

import (
	"bytes"
	"fmt"
	"strings"
)

// Profile is the file of a client, in OpenVPN's format: what the endpoint exports, with the client's certificate and key.
func Profile(exported string, client Pair) []byte {
	var b bytes.Buffer
	b.WriteString(strings.TrimRight(exported, "\n") + "\n")
	fmt.Fprintf(&b, "\n<cert>\n%s</cert>\n\n<key>\n%s</key>\n", client.Certificate, client.Key)
	return b.Bytes()
}
