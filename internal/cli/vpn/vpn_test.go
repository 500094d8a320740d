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
	a, out := &account{}, &bytes.Buffer{}
	io := &terminal.IO{Out: out, Err: out}
	for i, step := range []struct {
		run      func(context.Context, string, *terminal.IO, command.Clients) error
		deployed bool
		err, out string // parts; an empty err is none
	}{
		{run: list, err: "make it with: ephemr vpn cert NAME"},
		{run: command.Cert, err: "stage dev has no VPN", out: `certificate: "arn:aws:acm:eu-west-1:111122223333:certificate/a"`},
		{run: command.Cert, deployed: true, out: "wrote anna.ovpn"},
		{run: command.Cert, deployed: true, err: "anna.ovpn: file exists"},
		{run: command.Revoke, err: "stage dev has no VPN"},
		{run: command.Revoke, deployed: true, out: "revoked the certificate of anna"},
		{run: command.Revoke, deployed: true, out: "revoked the certificate of anna"},
		{run: list, out: "revoked"},
		{run: listJSON, out: `"state": "revoked"`},
	} {
		out.Reset()
		a.deployed = step.deployed
		err := step.run(t.Context(), "anna", io, command.Clients{Store: &vpn.Store{API: a, Stage: "dev"}, Certificates: a, Endpoints: a, Now: time.Now})
		if (err == nil) != (step.err == "") || !strings.Contains(fmt.Sprint(err), step.err) || !strings.Contains(out.String(), step.out) {
			t.Fatalf("step %d: %v, %s", i, err, out)
		}
		if strings.Contains(out.String(), "PRIVATE KEY") {
			t.Errorf("step %d shows a key", i)
		}
	}
	if a.servers != 1 || len(a.revoked.RevokedCertificateEntries) != 1 {
		t.Errorf("%d certificates of the server, revoked %v", a.servers, a.revoked.RevokedCertificateEntries)
	}
	checkFile(t, a)
}

func list(ctx context.Context, _ string, io *terminal.IO, c command.Clients) error {
	return command.List(ctx, false, io, c)
}

func listJSON(ctx context.Context, _ string, io *terminal.IO, c command.Clients) error {
	return command.List(ctx, true, io, c)
}

// checkFile checks that only its owner may read a client's file, and that its key is not stored.
func checkFile(t *testing.T, a *account) {
	t.Helper()
	info, err := os.Stat("anna.ovpn")
	if err != nil {
		t.Fatal(err)
	}
	profile, err := os.ReadFile("anna.ovpn")
	if err != nil {
		t.Fatal(err)
	}
	_, key, _ := strings.Cut(string(profile), "<key>\n")
	if info.Mode().Perm() != 0o600 || !strings.HasPrefix(key, "-----BEGIN PRIVATE KEY-----\n") {
		t.Errorf("mode %s, key %t", info.Mode(), key != "")
	}
	if line := strings.Split(key, "\n")[1]; line == "" || strings.Contains(fmt.Sprint(a.versions), line) {
		t.Error("the client's key is stored")
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
