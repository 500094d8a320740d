package localemr_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/local/localemr"
)

// The default credential chain of a step's boto3 finds the role of the instance
// profile, and the server's keys if there is no such role.
func TestInstanceProfile(t *testing.T) {
	t.Parallel()
	const python = "../../../.tools/venv/bin/python"
	if _, err := os.Stat(python); err != nil && testing.Short() {
		t.Skip("no Python with boto3: run scripts/setup")
	}
	program, err := filepath.Abs(python)
	if err != nil {
		t.Fatal(err)
	}
	st := begin(t, func(c *localemr.Config) {
		c.Roles = &roles{}
		c.Environ = append(c.Environ, "AWS_ACCESS_KEY_ID=key-of-server", "AWS_SECRET_ACCESS_KEY=secret-of-server")
	})
	// The provider of the metadata service, too, which some jobs name.
	const metadata = `-c "from botocore.credentials import *; from botocore.utils import InstanceMetadataFetcher as Fetcher; import os; ` +
		`c = InstanceMetadataProvider(Fetcher(base_url=os.environ['AWS_EC2_METADATA_SERVICE_ENDPOINT'])).load(); ` +
		`print(c.method, c.access_key, c.token)" >$HOME/metadata`
	const ask = `-c "import botocore.session; c = botocore.session.Session().get_credentials(); print(c.method, c.access_key, c.secret_key, c.token)" >$HOME/keys`
	for profile, want := range map[string][2]string{
		"arn:aws:iam::000000000000:instance-profile/instances": {"container-role key-of-instances secret-of-instances token-of-instances", "iam-role key-of-instances token-of-instances"},
		"EMR_EC2_DefaultRole": {"container-role key-of-server secret-of-server", "iam-role key-of-server"},
	} {
		in := request("profile", bash("ask", program+" "+metadata+"; "+program+" "+ask))
		in.JobFlowRole = &profile
		id := st.run(in)
		for i, file := range []string{"keys", "metadata"} {
			if got := st.awaitFile(filepath.Join(st.cfg.Data, id, file)); got != want[i] {
				t.Errorf("%s of %s: got %q, want %q", file, profile, got, want[i])
			}
		}
	}
}

// Only a cluster's own processes get its credentials, and only while it runs.
func TestCredentialsNeedTheToken(t *testing.T) {
	t.Parallel()
	st := begin(t, func(c *localemr.Config) { c.Roles = &roles{} })
	id := st.run(request("tokens", bash("show", "echo $AWS_CONTAINER_CREDENTIALS_FULL_URI $AWS_CONTAINER_AUTHORIZATION_TOKEN >$HOME/token")))
	other := st.run(request("other"))
	uri, token, _ := strings.Cut(st.awaitFile(filepath.Join(st.cfg.Data, id, "token")), " ")
	ask := func(uri, token string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, uri, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	if got := ask(uri, token); got != http.StatusOK {
		t.Errorf("with the token: %d", got)
	}
	for name, got := range map[string]int{
		"without a token": ask(uri, ""), "with another": ask(uri, "x"), "of another cluster": ask(strings.Replace(uri, id, other, 1), token),
	} {
		if got != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got)
		}
	}
	st.terminate(id)
	st.awaitCluster(id, types.ClusterStateTerminated)
	if got := ask(uri, token); got != http.StatusUnauthorized {
		t.Errorf("after the end: %d", got)
	}
}

// A step with a runtime role cannot have the instances' role.
func TestRuntimeRoleHidesInstanceProfile(t *testing.T) {
	t.Parallel()
	st, id := secured(t, "instances")
	if _, err := st.addAs(id, runtimeRole, bash("hidden", `'echo "[$AWS_CONTAINER_CREDENTIALS_FULL_URI$AWS_EC2_METADATA_SERVICE_ENDPOINT]" >$HOME/uri'`)); err != nil {
		t.Fatal(err)
	}
	if got := st.awaitFile(filepath.Join(st.cfg.Data, id, "uri")); got != "[]" {
		t.Errorf("got %s", got)
	}
}

func TestSparkDefaults(t *testing.T) {
	t.Parallel()
	st := begin(t)
	in := request("defaults")
	in.Configurations = []types.Configuration{
		{Classification: new("spark-defaults"), Properties: map[string]string{"spark.submit.deployMode": "cluster", "spark.master": "yarn"}},
		{Classification: new("hive-site"), Properties: map[string]string{"a": "b"}},
	}
	got := st.awaitFile(filepath.Join(st.cfg.Data, st.run(in), "spark-defaults"))
	if want := "spark.master=yarn\nspark.submit.deployMode=cluster"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
