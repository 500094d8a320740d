package vpn_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"ephemr/internal/vpn"
)

func parsed(t *testing.T, data []byte) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(data)
	if block == nil || len(rest) > 0 {
		t.Fatalf("not one PEM block: %s", data)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Server and client accept each other by the authority alone, and the authority survives being stored.
func TestHandshake(t *testing.T) {
	t.Parallel()
	now := time.Now()
	made := must[*vpn.Authority](t)(vpn.New("dev", now))
	stored := must[[]byte](t)(json.Marshal(made))
	var a vpn.Authority
	if err := json.Unmarshal(stored, &a); err != nil {
		t.Fatal(err)
	}
	server := must[vpn.Pair](t)(a.ServerPair(now))
	client := must[vpn.Pair](t)(a.ClientPair("anna", now))
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(a.Certificate)) {
		t.Fatal("no certificate of the authority")
	}
	own := must[tls.Certificate](t)(tls.X509KeyPair(server.Certificate, server.Key))
	theirs := must[tls.Certificate](t)(tls.X509KeyPair(client.Certificate, client.Key))
	here, there := net.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- tls.Server(here, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}).HandshakeContext(t.Context())
	}()
	name := parsed(t, server.Certificate).DNSNames[0]
	if err := tls.Client(there, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{theirs}, RootCAs: pool, ServerName: name}).HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if cn := parsed(t, client.Certificate).Subject.CommonName; cn != "anna" { // Client VPN requires one
		t.Errorf("common name %q", cn)
	}
	again := must[[]byte](t)(json.Marshal(a))
	if strings.Contains(string(again), strings.Split(string(client.Key), "\n")[1]) {
		t.Error("the client's key is stored")
	}
	if _, err := parsed(t, client.Certificate).Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err == nil {
		t.Error("a client's certificate is accepted as the server's")
	}
}

// The revocation list is signed by the authority, names what was revoked, and does not expire before the authority.
func TestRevocationList(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := must[*vpn.Authority](t)(vpn.New("dev", now))
	anna := must[vpn.Pair](t)(a.ClientPair("anna", now))
	must[vpn.Pair](t)(a.ClientPair("ben", now))
	if _, err := a.ClientPair("anna", now); !errors.Is(err, vpn.ErrName) {
		t.Errorf("a second certificate: %v", err)
	}
	if err := a.Revoke("anna", now); err != nil {
		t.Fatal(err)
	}
	if err := a.Revoke("anna", now); !errors.Is(err, vpn.ErrName) {
		t.Errorf("revoked twice: %v", err)
	}
	block, _ := pem.Decode(must[[]byte](t)(a.RevocationList(now)))
	list := must[*x509.RevocationList](t)(x509.ParseRevocationList(block.Bytes))
	authority := parsed(t, []byte(a.Certificate))
	if err := list.CheckSignatureFrom(authority); err != nil {
		t.Error(err)
	}
	if len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].SerialNumber.Cmp(parsed(t, anna.Certificate).SerialNumber) != 0 {
		t.Errorf("revoked are %v", list.RevokedCertificateEntries)
	}
	if list.NextUpdate.Before(authority.NotAfter) {
		t.Errorf("the list expires at %s", list.NextUpdate)
	}
	must[vpn.Pair](t)(a.ClientPair("anna", now)) // a new one
	if last := a.Clients[len(a.Clients)-1]; !last.Valid(now) || last.Valid(now.AddDate(1, 0, 1)) {
		t.Errorf("the new certificate: %+v", last)
	}
}

// Names are those of files.
func TestClientNames(t *testing.T) {
	t.Parallel()
	a := &vpn.Authority{}
	for _, name := range []string{"", "../anna", "Anna", "anna b", strings.Repeat("a", 64)} {
		if _, err := a.ClientPair(name, time.Now()); !errors.Is(err, vpn.ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
