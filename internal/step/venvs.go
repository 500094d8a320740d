package step

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/access"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// SecretDB is what Venvs needs of DynamoDB.
type SecretDB interface {
	records.PutAPI
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
}

// Venvs names the prefixes in S3 under which runners store the installed Python
// libraries of jobs. They are code that later runs execute, and jobs share the right
// to create them: so each pipeline has its own, which no other can guess.
type Venvs struct {
	DB    SecretDB
	Table string
}

// secretName is the attribute with the secret. Jobs have no access to the table.
const secretName = "secret"

// Prefix is the prefix of the libraries of r's jobs. Ad-hoc pipelines share none with
// registered ones: any sender can give them a name.
func (v *Venvs) Prefix(ctx context.Context, r run.Run) (string, error) {
	secret, err := v.secret(ctx)
	if err != nil {
		return "", err
	}
	owner, err := json.Marshal([]any{r.User, r.TeamName(), r.Pipeline, r.Version > 0})
	if err != nil {
		return "", fmt.Errorf("name the libraries of %s: %w", r.ID, err)
	}
	sum := hmac.New(sha256.New, secret)
	sum.Write(owner)
	dir := "venvs/" + hex.EncodeToString(sum.Sum(nil)[:16])
	if r.User != "" {
		return access.Dir(r.User) + dir, nil
	}
	return dir, nil
}

// secret returns the stage's secret, and makes it when there is none.
func (v *Venvs) secret(ctx context.Context) ([]byte, error) {
	secret, err := v.read(ctx)
	if secret != nil || err != nil {
		return secret, err
	}
	it := records.VenvSecretKey().Attributes()
	it[secretName] = records.String(rand.Text())
	if _, err := records.Put(ctx, v.DB, v.Table, it, records.Absent()); err != nil {
		return nil, fmt.Errorf("store the secret of venvs: %w", err)
	}
	// Another invocation may have been faster.
	if secret, err = v.read(ctx); secret == nil && err == nil {
		err = errors.New("the secret of venvs was stored and is not there")
	}
	return secret, err
}

func (v *Venvs) read(ctx context.Context) ([]byte, error) {
	out, err := v.DB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &v.Table, Key: records.VenvSecretKey().Attributes(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, fmt.Errorf("read the secret of venvs: %w", err)
	}
	if text := records.Text(out.Item[secretName]); text != "" {
		return []byte(text), nil
	}
	return nil, nil
}
