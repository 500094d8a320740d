package register_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/register"
)

// packages is a bucket with the packages of the pipelines of this test.
func packages(t *testing.T, f fixture) *awsfake.S3 {
	t.Helper()
	f.Settings.ArtifactsBucket = "artifacts"
	s3 := awsfake.NewS3("artifacts")
	v, err := f.Store.Current(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range v.Spec.Jobs {
		put(t, s3, j.Package.Key)
	}
	return s3
}

func put(t *testing.T, s3 *awsfake.S3, key string) {
	t.Helper()
	if _, err := s3.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("artifacts"), Key: &key, Body: strings.NewReader("zip")}); err != nil {
		t.Fatal(err)
	}
}

// The content of an older version becomes a new one, with its triggers.
func TestRollback(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.apply(t, many)
	f.apply(t, few)
	f.apply(t, none)
	s3 := packages(t, f)
	for _, tt := range []struct {
		to, version, of int
		changed         bool
	}{
		{1, 4, 1, true}, {1, 4, 1, false}, {4, 4, 4, false}, {0, 5, 3, true}, {2, 6, 2, true},
	} {
		out, err := f.Rollback(t.Context(), "p", tt.to, s3)
		if err != nil || out.Version != tt.version || out.Changed != tt.changed || out.To != tt.of {
			t.Errorf("to %d: %+v, %v", tt.to, out, err)
		}
	}
	v, err := f.Store.Current(t.Context(), "p")
	if err != nil || len(v.Spec.Triggers) != 2 || v.Spec.Triggers[0].Schedule != "0 6 * * *" {
		t.Errorf("current is %+v, %v", v, err)
	}
	if out := f.apply(t, few); out.Changed {
		t.Errorf("applying the file of that version: %+v", out)
	}
	f.agree(t)
}

func TestRollbackRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		to   int
		do   func(t *testing.T, f fixture, s3 *awsfake.S3)
		want string
	}{
		"later":      {9, nil, "pipeline p has no version 9; the current one is 3"},
		"negative":   {-1, nil, "pipeline p has no version -1; the current one is 3"},
		"deleted":    {0, func(t *testing.T, f fixture, _ *awsfake.S3) { t.Helper(); f.delete(t) }, "pipeline p was deleted at "},
		"a new life": {2, func(t *testing.T, f fixture, _ *awsfake.S3) { t.Helper(); f.delete(t); f.apply(t, few) }, "version 2 of pipeline p was deleted; the current one is 4"},
		"no package": {1, func(t *testing.T, _ fixture, s3 *awsfake.S3) {
			t.Helper()
			for _, key := range s3.Keys("artifacts") {
				if _, err := s3.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: aws.String("artifacts"), Key: &key}); err != nil {
					t.Error(err)
				}
			}
		}, "the package of job a, s3://artifacts/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture()
			f.apply(t, many)
			f.apply(t, few)
			f.apply(t, none)
			s3 := packages(t, f)
			if tt.do != nil {
				tt.do(t, f, s3)
			}
			_, err := f.Rollback(t.Context(), "p", tt.to, s3)
			if fault.NameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := newFixture().Rollback(t.Context(), "p", 0, awsfake.NewS3()); fault.NameOf(err) != fault.InvalidInput {
		t.Errorf("unknown: %v", err)
	}
	f := newFixture()
	f.apply(t, none)
	if _, err := f.Rollback(t.Context(), "p", 0, awsfake.NewS3()); err == nil || !strings.Contains(err.Error(), "has no version 0") {
		t.Errorf("the first version: %v", err)
	}
}

// Of a rollback and another registration at the same time one fails; the rollback never
// replaces a version that its caller has not seen.
func TestRollbackMeanwhile(t *testing.T) {
	t.Parallel()
	for n := range 5 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			f := newFixture()
			f.apply(t, many)
			f.apply(t, few)
			s3 := packages(t, f)
			f.db.Use(&awsfake.Hooks{Before: nth(n, func() { f.apply(t, none) })})
			out, err := f.Rollback(t.Context(), "p", 0, s3)
			f.db.Use(nil)
			v, _ := f.Store.Current(t.Context(), "p")
			switch {
			case n == 0 && (err != nil || out.From != 3 || out.To != 2):
				t.Errorf("applied before: %+v, %v", out, err)
			case n > 0 && n < 4 && (fault.NameOf(err) != fault.Conflict || len(v.Spec.Triggers) != 0):
				t.Errorf("applied at call %d: %+v, %v", n, out, err)
			}
			f.agree(t)
		})
	}
}

var _ register.GetAPI = (*awsfake.S3)(nil)
