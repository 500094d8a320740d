package localemr_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/local/localemr"
)

// credentialed starts a server that has keys and roles.
func credentialed(t *testing.T) *stand {
	t.Helper()
	return begin(t, func(c *localemr.Config) {
		c.Roles = &roles{}
		c.Environ = append(c.Environ, "AWS_ACCESS_KEY_ID=key-of-server", "AWS_SECRET_ACCESS_KEY=secret-of-server")
	})
}

// whoAmI prints the keys that the default chain of botocore finds, and those that its
// provider of the metadata service finds, which some jobs name.
const whoAmI = `import os, botocore.session, botocore.credentials as known, botocore.utils as utils
c = botocore.session.Session().get_credentials()
print(c.method, c.access_key, c.secret_key, c.token)
fetcher = utils.InstanceMetadataFetcher(base_url=os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"])
c = known.InstanceMetadataProvider(fetcher).load()
print(c.method, c.access_key, c.secret_key, c.token)`

func TestInstanceProfile(t *testing.T) {
	t.Parallel()
	python, err := filepath.Abs("../../../.tools/venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil && testing.Short() {
		t.Skip("no Python with boto3: run scripts/setup")
	}
	st := credentialed(t)
	id := st.run(request("profile", bash("ask", python+" -c '"+whoAmI+"' >$HOME/.keys && mv $HOME/.keys $HOME/keys")))
	const keys = "key-of-instances secret-of-instances token-of-instances"
	if got, want := st.awaitFile(filepath.Join(st.cfg.Data, id, "keys")), "container-role "+keys+"\niam-role "+keys; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// ask calls the endpoint of credentials.
func ask(t *testing.T, uri, token string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

const showToken = "echo $AWS_CONTAINER_CREDENTIALS_FULL_URI $AWS_CONTAINER_AUTHORIZATION_TOKEN $AWS_ACCESS_KEY_ID >$HOME/token" //nolint:gosec // names of variables

// Without a role of the profile's name its cluster has the server's keys.
func TestInstanceProfileWithoutRole(t *testing.T) {
	t.Parallel()
	st := credentialed(t)
	in := request("no role", bash("show", showToken))
	in.JobFlowRole = new("EMR_EC2_DefaultRole")
	uri, token, _ := strings.Cut(st.awaitFile(filepath.Join(st.cfg.Data, st.run(in), "token")), " ")
	if status, body := ask(t, uri, token); status != http.StatusOK || !strings.Contains(body, `"AccessKeyId": "key-of-server"`) {
		t.Errorf("status %d, %s", status, body)
	}
}

// Only a cluster's own processes get its credentials, and only while it runs.
func TestCredentialsNeedTheToken(t *testing.T) {
	t.Parallel()
	st := begin(t, func(c *localemr.Config) { c.Roles = &roles{} })
	id := st.run(request("tokens", bash("show", showToken)))
	other := st.run(request("other"))
	uri, token, _ := strings.Cut(st.awaitFile(filepath.Join(st.cfg.Data, id, "token")), " ")
	get := func(uri, token string) int {
		status, _ := ask(t, uri, token)
		return status
	}
	if got := get(uri, token); got != http.StatusOK {
		t.Errorf("with the token: %d", got)
	}
	for name, got := range map[string]int{
		"without a token": get(uri, ""), "with another": get(uri, "x"), "of another cluster": get(strings.Replace(uri, id, other, 1), token),
	} {
		if got != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got)
		}
	}
	st.terminate(id)
	st.awaitCluster(id, types.ClusterStateTerminated)
	if got := get(uri, token); got != http.StatusUnauthorized {
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

// Properties of tables have an effect if the cluster has a format of tables.
func TestSparkTables(t *testing.T) {
	t.Parallel()
	properties := map[string]string{"spark.sql.catalog.c": "a.B", "spark.sql.extensions": "c.D", "spark.executor.cores": "2"}
	st := begin(t)
	with, without := request("with"), request("without")
	with.Configurations = []types.Configuration{
		{Classification: new("spark-defaults"), Properties: properties},
		{Classification: new("iceberg-defaults"), Properties: map[string]string{"iceberg.enabled": "true"}},
	}
	without.Configurations = with.Configurations[:1]
	dir := filepath.Join(st.cfg.Data, st.run(with))
	if got := st.awaitFile(filepath.Join(dir, "spark-tables")); got != "spark.sql.catalog.c=a.B\nspark.sql.extensions=c.D" {
		t.Errorf("got %q", got)
	}
	if got := st.awaitFile(filepath.Join(dir, "spark-defaults")); got != "spark.executor.cores=2" {
		t.Errorf("got %q", got)
	}
	if got := st.awaitFile(filepath.Join(st.cfg.Data, st.run(without), "spark-defaults")); !strings.Contains(got, "spark.sql.catalog.c=a.B") {
		t.Errorf("got %q", got)
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
