package secret_test

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
	"ephemr/internal/secret"
)

func clusters() *awsfake.DynamoDB {
	return awsfake.NewDynamoDB(awsfake.Table{Name: "clusters", PK: "pk"})
}

// Invocations that use a secret first, at the same moment, get the same.
func TestFirstUse(t *testing.T) {
	t.Parallel()
	db := clusters()
	sums := make([][]byte, 10)
	var all sync.WaitGroup
	for i := range sums {
		all.Go(func() {
			s := secret.Secret{DB: db, Table: "clusters", Key: records.RequestSecretKey()}
			sum, err := s.MAC(t.Context(), []byte("data"))
			if err != nil {
				t.Error(err)
			}
			sums[i] = sum
		})
	}
	all.Wait()
	for _, sum := range sums {
		if len(sum) != 32 || !bytes.Equal(sum, sums[0]) {
			t.Errorf("got %x and %x", sum, sums[0])
		}
	}
}

// Every stage and every use has its own secret.
func TestSecretsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2 {
		db := clusters()
		for _, key := range []records.Key{records.RequestSecretKey(), records.VenvSecretKey()} {
			s := secret.Secret{DB: db, Table: "clusters", Key: key}
			sum, err := s.MAC(t.Context(), []byte("data"))
			if err != nil {
				t.Fatal(err)
			}
			seen[string(sum)] = true
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d different digests, want 4", len(seen))
	}
}

func TestSecretFails(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"GetItem", "PutItem"} {
		db := clusters()
		db.FailNext(op, errors.New("reset"))
		s := secret.Secret{DB: db, Table: "clusters", Key: records.RequestSecretKey()}
		if sum, err := s.MAC(t.Context(), nil); err == nil {
			t.Errorf("%s fails: %x", op, sum)
		}
	}
}
