// Package vpn is ephemr vpn: certificates of the VPN of a stage.
package vpn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/vpn"
)

// CertificatesAPI imports the server's certificate.
type CertificatesAPI interface {
	ImportCertificate(context.Context, *acm.ImportCertificateInput, ...func(*acm.Options)) (*acm.ImportCertificateOutput, error)
}

// EndpointsAPI is what the commands use of EC2.
type EndpointsAPI interface {
	ec2.DescribeClientVpnEndpointsAPIClient
	ExportClientVpnClientConfiguration(context.Context, *ec2.ExportClientVpnClientConfigurationInput, ...func(*ec2.Options)) (*ec2.ExportClientVpnClientConfigurationOutput, error)
	ImportClientVpnClientCertificateRevocationList(context.Context, *ec2.ImportClientVpnClientCertificateRevocationListInput, ...func(*ec2.Options)) (*ec2.ImportClientVpnClientCertificateRevocationListOutput, error)
}

// Clients are what the commands use.
type Clients struct {
	Store        *vpn.Store
	Certificates CertificatesAPI
	Endpoints    EndpointsAPI
	Now          func() time.Time
}

// Cert makes the authority if there is none, and writes NAME.ovpn with a certificate and its key.
func Cert(ctx context.Context, name string, io *terminal.IO, c Clients) error {
	a, err := c.authority(ctx)
	if err != nil {
		return err
	}
	endpoint, err := c.endpoint(ctx)
	if err != nil {
		return err
	}
	if endpoint == "" {
		io.Notef("The stage has no VPN yet. Add this to its file, deploy it, and repeat the command:\n\nnetwork:\n  vpn: {cidr: 10.99.0.0/22, certificate: %q}\n", a.Server)
		return exit.Usage("stage %s has no VPN", c.Store.Stage)
	}
	file, err := os.OpenFile(name+".ovpn", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // checked when the certificate is issued
	if err != nil {
		return fmt.Errorf("make file of the client: %w", err)
	}
	if err := c.write(ctx, a, name, endpoint, file); err != nil {
		return errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write %s: %w", file.Name(), err)
	}
	io.Notef("wrote %s with a certificate for a year and its private key, which is stored nowhere else\n", file.Name())
	return nil
}

func (c Clients) write(ctx context.Context, a *vpn.Authority, name, endpoint string, file *os.File) error {
	pair, err := a.ClientPair(name, c.Now())
	if err != nil {
		return exit.Usage("%w", err)
	}
	out, err := c.Endpoints.ExportClientVpnClientConfiguration(ctx, &ec2.ExportClientVpnClientConfigurationInput{ClientVpnEndpointId: &endpoint})
	if err != nil {
		return fmt.Errorf("read configuration of the VPN: %w", err)
	}
	if _, err := file.Write(vpn.Profile(aws.ToString(out.ClientConfiguration), pair)); err != nil {
		return fmt.Errorf("write %s: %w", file.Name(), err)
	}
	return c.Store.Save(ctx, a) //nolint:wrapcheck // it says what
}

// authority loads the authority, or makes it with the server's certificate.
func (c Clients) authority(ctx context.Context) (*vpn.Authority, error) {
	a, err := c.Store.Load(ctx)
	if !errors.Is(err, vpn.ErrMissing) {
		return a, err //nolint:wrapcheck // it says what
	}
	if a, err = vpn.New(c.Store.Stage, c.Now()); err != nil {
		return nil, err //nolint:wrapcheck // it says what
	}
	server, err := a.ServerPair(c.Now())
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what
	}
	out, err := c.Certificates.ImportCertificate(ctx, &acm.ImportCertificateInput{Certificate: server.Certificate, PrivateKey: server.Key, CertificateChain: []byte(a.Certificate)})
	if err != nil {
		return nil, fmt.Errorf("import the server's certificate into ACM: %w", err)
	}
	a.Server = aws.ToString(out.CertificateArn)
	return a, c.Store.Create(ctx, a) //nolint:wrapcheck // it says what
}

// Revoke revokes a client's certificate. Connections that exist with it end within hours, or now by EC2's console.
func Revoke(ctx context.Context, name string, io *terminal.IO, c Clients) error {
	a, err := c.Store.Load(ctx)
	if err != nil {
		return err //nolint:wrapcheck // it says what
	}
	endpoint, err := c.endpoint(ctx)
	if err != nil {
		return err
	}
	if endpoint == "" {
		return exit.Usage("stage %s has no VPN", c.Store.Stage)
	}
	// One that is revoked already is imported again: the import may have failed.
	if err := a.Revoke(name, c.Now()); err != nil && !a.Revoked(name) {
		return exit.Usage("%w", err)
	}
	if err := c.Store.Save(ctx, a); err != nil {
		return err //nolint:wrapcheck // it says what
	}
	list, err := a.RevocationList(c.Now())
	if err != nil {
		return err //nolint:wrapcheck // it says what
	}
	if _, err := c.Endpoints.ImportClientVpnClientCertificateRevocationList(ctx, &ec2.ImportClientVpnClientCertificateRevocationListInput{
		ClientVpnEndpointId: &endpoint, CertificateRevocationList: aws.String(string(list)),
	}); err != nil {
		return fmt.Errorf("import revocation list; repeat the command: %w", err)
	}
	io.Notef("revoked the certificate of %s\n", name)
	return nil
}

// Listed is a certificate in the output of -o json.
type Listed struct {
	Name    string    `json:"name"`
	Expires time.Time `json:"expires"`
	State   string    `json:"state"` // valid, expired or revoked
	Serial  string    `json:"serial"`
}

// List shows certificates.
func List(ctx context.Context, json bool, io *terminal.IO, c Clients) error {
	a, err := c.Store.Load(ctx)
	if err != nil {
		return err //nolint:wrapcheck // it says what
	}
	all := []Listed{}
	var rows [][]string
	for _, client := range a.Clients {
		l := Listed{Name: client.Name, Expires: client.Expires, State: "valid", Serial: client.Serial}
		switch {
		case client.Revoked != nil:
			l.State = "revoked"
		case !client.Valid(c.Now()):
			l.State = "expired"
		}
		all = append(all, l)
		rows = append(rows, []string{l.Name, l.Expires.Format(time.DateOnly), l.State, l.Serial})
	}
	if json {
		return io.JSON(all)
	}
	io.Table([]string{"NAME", "EXPIRES", "STATE", "SERIAL"}, rows)
	return nil
}

// endpoint is the id of the stage's VPN; "" if it has none.
func (c Clients) endpoint(ctx context.Context) (string, error) {
	pages := ec2.NewDescribeClientVpnEndpointsPaginator(c.Endpoints, &ec2.DescribeClientVpnEndpointsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("look up the VPN: %w", err)
		}
		for _, e := range page.ClientVpnEndpoints {
			if e.Status != nil && (e.Status.Code == types.ClientVpnEndpointStatusCodeDeleted || e.Status.Code == types.ClientVpnEndpointStatusCodeDeleting) {
				continue
			}
			for _, tag := range e.Tags {
				if aws.ToString(tag.Key) == "ephemr:stage" && aws.ToString(tag.Value) == c.Store.Stage {
					return aws.ToString(e.ClientVpnEndpointId), nil
				}
			}
		}
	}
	return "", nil
}
