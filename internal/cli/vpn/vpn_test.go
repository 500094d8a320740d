package vpn_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	command "ephemr/internal/cli/vpn"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/vpn"
)

// account has a secret, certificates and a VPN, with the errors of AWS.
type account struct {
	versions map[string]string
	current  string
	servers  int
	deployed bool
	revoked  *x509.RevocationList
}

func refuse(code string) error { return &smithy.GenericAPIError{Code: code, Message: "refused"} }

func (a *account) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	if a.current == "" {
		return nil, refuse("ResourceNotFoundException")
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(a.versions[a.current]), VersionId: aws.String(a.current)}, nil
}

func (a *account) CreateSecret(_ context.Context, in *secretsmanager.CreateSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.CreateSecretOutput, error) {
	if a.current != "" {
		return nil, refuse("ResourceExistsException")
	}
	a.current, a.versions = "v1", map[string]string{"v1": *in.SecretString}
	return &secretsmanager.CreateSecretOutput{VersionId: aws.String("v1")}, nil
}

func (a *account) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	id := fmt.Sprint("v", len(a.versions)+1)
	a.versions[id] = *in.SecretString
	return &secretsmanager.PutSecretValueOutput{VersionId: &id}, nil
}

func (a *account) UpdateSecretVersionStage(_ context.Context, in *secretsmanager.UpdateSecretVersionStageInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	if *in.RemoveFromVersionId != a.current {
		return nil, refuse("InvalidParameterException")
	}
	a.current = *in.MoveToVersionId
	return &secretsmanager.UpdateSecretVersionStageOutput{}, nil
}

func (a *account) ImportCertificate(_ context.Context, in *acm.ImportCertificateInput, _ ...func(*acm.Options)) (*acm.ImportCertificateOutput, error) {
	pair, err := tls.X509KeyPair(in.Certificate, in.PrivateKey)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(in.CertificateChain) {
		return nil, refuse("ValidationException")
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
		return nil, refuse("ValidationException")
	}
	a.servers++
	return &acm.ImportCertificateOutput{CertificateArn: aws.String("arn:aws:acm:eu-west-1:111122223333:certificate/a")}, nil
}

func (a *account) DescribeClientVpnEndpoints(context.Context, *ec2.DescribeClientVpnEndpointsInput, ...func(*ec2.Options)) (*ec2.DescribeClientVpnEndpointsOutput, error) {
	out := &ec2.DescribeClientVpnEndpointsOutput{ClientVpnEndpoints: []types.ClientVpnEndpoint{{ClientVpnEndpointId: aws.String("cvpn-endpoint-other")}}}
	if a.deployed {
		out.ClientVpnEndpoints = append(out.ClientVpnEndpoints, types.ClientVpnEndpoint{
			ClientVpnEndpointId: aws.String("cvpn-endpoint-1"), Tags: []types.Tag{{Key: aws.String("ephemr:stage"), Value: aws.String("dev")}},
		})
	}
	return out, nil
}

func (a *account) ExportClientVpnClientConfiguration(_ context.Context, in *ec2.ExportClientVpnClientConfigurationInput, _ ...func(*ec2.Options)) (*ec2.ExportClientVpnClientConfigurationOutput, error) {
	if *in.ClientVpnEndpointId != "cvpn-endpoint-1" {
		return nil, refuse("InvalidClientVpnEndpointId.NotFound")
	}
	return &ec2.ExportClientVpnClientConfigurationOutput{ClientConfiguration: aws.String("client\ndev tun\n")}, nil
}

func (a *account) ImportClientVpnClientCertificateRevocationList(_ context.Context, in *ec2.ImportClientVpnClientCertificateRevocationListInput, _ ...func(*ec2.Options)) (*ec2.ImportClientVpnClientCertificateRevocationListOutput, error) {
	block, _ := pem.Decode([]byte(*in.CertificateRevocationList))
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		return nil, refuse("InvalidParameterValue")
	}
	a.revoked = list
	return &ec2.ImportClientVpnClientCertificateRevocationListOutput{}, nil
}

// From the first certificate to its revocation.
func TestCertificates(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, a, out := t.Context(), &account{}, &bytes.Buffer{}
	io := &terminal.IO{Out: out, Err: out}
	clients := func() command.Clients {
		return command.Clients{Store: &vpn.Store{API: a, Stage: "dev"}, Certificates: a, Endpoints: a, Now: time.Now}
	}
	if err := command.List(ctx, io, clients()); err == nil || !strings.Contains(err.Error(), "ephemr vpn cert") {
		t.Errorf("without an authority: %v", err)
	}
	if err := command.Cert(ctx, "anna", io, clients()); err == nil || !strings.Contains(out.String(), "certificate: \"arn:aws:acm:eu-west-1") {
		t.Errorf("without a VPN: %v, %s", err, out)
	}
	a.deployed = true
	if err := command.Cert(ctx, "anna", io, clients()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat("anna.ovpn")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file %v, %v", info, err)
	}
	profile, err := os.ReadFile("anna.ovpn")
	if err != nil {
		t.Fatal(err)
	}
	_, key, _ := strings.Cut(string(profile), "<key>\n")
	if line := strings.Split(key, "\n")[1]; line == "" || strings.Contains(fmt.Sprint(a.versions, out), line) {
		t.Error("the client's key is stored or shown")
	}
	if err := command.Cert(ctx, "anna", io, clients()); err == nil {
		t.Error("a second certificate of one name")
	}
	if err := command.Revoke(ctx, "anna", io, clients()); err != nil || len(a.revoked.RevokedCertificateEntries) != 1 {
		t.Errorf("revoke: %v, %v", a.revoked, err)
	}
	if err := command.Revoke(ctx, "anna", io, clients()); err != nil {
		t.Errorf("revoke again: %v", err)
	}
	out.Reset()
	if err := command.List(ctx, io, clients()); err != nil || !strings.Contains(out.String(), "anna") || !strings.Contains(out.String(), "revoked") {
		t.Errorf("list: %s, %v", out, err)
	}
	if a.servers != 1 {
		t.Errorf("%d certificates of the server", a.servers)
	}
}

// A change that another command has made meanwhile is not lost.
func TestConcurrentChange(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), &account{}
	authority, err := vpn.New("dev", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	first, second := &vpn.Store{API: a, Stage: "dev"}, &vpn.Store{API: a, Stage: "dev"}
	if err := first.Create(ctx, authority); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Load(ctx); err != nil {
		t.Fatal(err)
	}
	if err := first.Save(ctx, authority); err != nil {
		t.Fatal(err)
	}
	if err := second.Save(ctx, authority); err == nil || !strings.Contains(err.Error(), "repeat the command") {
		t.Errorf("got %v", err)
	}
}
