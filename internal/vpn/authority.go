// Package vpn issues and revokes the certificates of a stage's Client VPN.
package vpn

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"time"
)

// Client VPN supports RSA keys of up to 2048 bits.
// Source: AWS Client VPN Administrator Guide, "Mutual authentication in AWS Client VPN".
const keyBits = 2048

// Lifetimes of certificates. That of the authority and the server is also that of a revocation list: with one that has
// expired Client VPN refuses all clients.
const (
	authorityYears = 10
	clientYears    = 1
	early          = 5 * time.Minute // clocks differ
)

var clientName = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,62}$`) // a file's name, too

// Authority signs the certificates of a stage's VPN. It is kept as JSON, as a secret.
type Authority struct {
	Stage       string   `json:"stage"`
	Certificate string   `json:"certificate"` // PEM
	Key         string   `json:"key"`         // PEM, PKCS 8
	Server      string   `json:"server"`      // ARN in ACM of the server's certificate
	Clients     []Client `json:"clients"`
	Revisions   int64    `json:"revisions"` // of the revocation list
}

// Client is a certificate that was issued. Its key is not known.
type Client struct {
	Name    string     `json:"name"`
	Serial  string     `json:"serial"` // hexadecimal
	Expires time.Time  `json:"expires"`
	Revoked *time.Time `json:"revoked,omitempty"`
}

// Pair is a certificate and its private key, as PEM.
type Pair struct{ Certificate, Key []byte }

// New makes the authority of a stage.
func New(stage string, now time.Time) (*Authority, error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "ephemr-" + stage + "-vpn-ca"}, NotBefore: now.Add(-early), NotAfter: now.AddDate(authorityYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	pair, _, err := sign(template, nil, nil)
	if err != nil {
		return nil, err
	}
	return &Authority{Stage: stage, Certificate: string(pair.Certificate), Key: string(pair.Key)}, nil
}

// ServerPair issues the certificate of the VPN's endpoint.
func (a *Authority) ServerPair(now time.Time) (Pair, error) {
	name := "server.ephemr-" + a.Stage + ".vpn"
	pair, _, err := a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: now.Add(-early), NotAfter: now.AddDate(authorityYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return pair, err
}

// ErrName is a name that a client cannot have, or has already.
var ErrName = errors.New("name of a client")

// ClientPair issues a client's certificate, and records it.
func (a *Authority) ClientPair(name string, now time.Time) (Pair, error) {
	if !clientName.MatchString(name) {
		return Pair{}, fmt.Errorf("%w: %q must be up to 63 lower-case letters, digits and . _ -, beginning with a letter", ErrName, name)
	}
	if slices.ContainsFunc(a.Clients, func(c Client) bool { return c.Name == name && c.Valid(now) }) {
		return Pair{}, fmt.Errorf("%w: %s has a certificate; revoke it first: ephemr vpn revoke %[2]s", ErrName, name)
	}
	pair, issued, err := a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-early), NotAfter: now.AddDate(clientYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return Pair{}, err
	}
	a.Clients = slices.DeleteFunc(a.Clients, func(c Client) bool { return !c.Expires.After(now) })
	a.Clients = append(a.Clients, Client{Name: name, Serial: issued.SerialNumber.Text(16), Expires: issued.NotAfter})
	return pair, nil
}

// Valid reports whether the certificate is accepted at a time.
func (c Client) Valid(now time.Time) bool { return c.Revoked == nil && c.Expires.After(now) }

// Revoke records that a client's certificate is not valid any more.
func (a *Authority) Revoke(name string, now time.Time) error {
	i := slices.IndexFunc(a.Clients, func(c Client) bool { return c.Name == name && c.Valid(now) })
	if i < 0 {
		return fmt.Errorf("%w: %s has no valid certificate; see ephemr vpn list", ErrName, name)
	}
	a.Clients[i].Revoked = &now
	a.Revisions++
	return nil
}

// RevocationList is the list of all revoked certificates that have not expired, as PEM.
func (a *Authority) RevocationList(now time.Time) ([]byte, error) {
	certificate, key, err := a.parse()
	if err != nil {
		return nil, err
	}
	template := &x509.RevocationList{Number: big.NewInt(a.Revisions), ThisUpdate: now.Add(-early), NextUpdate: certificate.NotAfter}
	for _, c := range a.Clients {
		serial, ok := new(big.Int).SetString(c.Serial, 16)
		if ok && c.Revoked != nil {
			template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: *c.Revoked})
		}
	}
	data, err := x509.CreateRevocationList(rand.Reader, template, certificate, key)
	if err != nil {
		return nil, fmt.Errorf("sign revocation list: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: data}), nil
}

func (a *Authority) issue(template *x509.Certificate) (Pair, *x509.Certificate, error) {
	certificate, key, err := a.parse()
	if err != nil {
		return Pair{}, nil, err
	}
	return sign(template, certificate, key)
}

func (a *Authority) parse() (*x509.Certificate, *rsa.PrivateKey, error) {
	certificate, _ := pem.Decode([]byte(a.Certificate))
	private, _ := pem.Decode([]byte(a.Key))
	if certificate == nil || private == nil {
		return nil, nil, errors.New("the certificate authority is not PEM")
	}
	parsed, err := x509.ParseCertificate(certificate.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("read the certificate authority: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(private.Bytes)
	if err != nil {
		return nil, nil, errors.New("the key of the certificate authority cannot be read") // without its content
	}
	own, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, nil, errors.New("the key of the certificate authority is not RSA")
	}
	return parsed, own, nil
}

// sign makes a key, and a certificate that the authority signs, or the key itself.
func sign(template, authority *x509.Certificate, by *rsa.PrivateKey) (Pair, *x509.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return Pair{}, nil, fmt.Errorf("make key: %w", err)
	}
	if authority == nil {
		authority, by = template, key
	}
	data, err := x509.CreateCertificate(rand.Reader, template, authority, &key.PublicKey, by)
	if err != nil {
		return Pair{}, nil, fmt.Errorf("sign certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(data)
	if err != nil {
		return Pair{}, nil, fmt.Errorf("read certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, nil, fmt.Errorf("encode key: %w", err)
	}
	return Pair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: data}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}, certificate, nil
}

// Revoked reports whether a client's last certificate was revoked.
func (a *Authority) Revoked(name string) bool {
	for _, c := range slices.Backward(a.Clients) {
		if c.Name == name {
			return c.Revoked != nil
		}
	}
	return false
}
