package result_test

import (
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/result"
)

func TestWithTail(t *testing.T) {
	t.Parallel()
	lost := result.Verdict{Over: true, Class: job.ClassLost, Reason: "the step failed"}
	tests := []struct {
		name   string
		before result.Verdict
		tail   []string
		class  job.Class
		reason string
	}{
		{"nothing was said", lost, nil, job.ClassLost, "the step failed"},
		{"nothing that is known", lost, []string{"a", "b"}, job.ClassLost, "the step failed; last log line: b"},
		{"S3 refuses", lost, []string{"AmazonS3Exception: Access Denied (Service: S3; 403)", "at x"}, job.ClassPermission, "the step failed; last log line: at x"},
		{"S3's code", lost, []string{"Error Code: AccessDenied"}, job.ClassPermission, "the step failed; last log line: Error Code: AccessDenied"},
		{
			"IAM refuses", lost,
			[]string{"User: x is not authorized to perform: glue:GetTable"},
			job.ClassPermission,
			"the step failed; last log line: User: x is not authorized to perform: glue:GetTable",
		},
		{"token too old", lost, []string{"ExpiredToken"}, job.ClassPermission, "the step failed; last log line: ExpiredToken"},
		{"too many calls", lost, []string{"Rate exceeded"}, job.ClassQuota, "the step failed; last log line: Rate exceeded"},
		{"throttled", lost, []string{"ThrottlingException"}, job.ClassQuota, "the step failed; last log line: ThrottlingException"},
		{"the class is known", result.Verdict{Over: true, Class: job.ClassCancelled, Reason: "x"}, []string{"AccessDenied"}, job.ClassCancelled, "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := result.WithTail(tt.before, tt.tail)
			if got.Class != tt.class || got.Reason != tt.reason || !got.Over {
				t.Errorf("WithTail = %+v, want %s: %s", got, tt.class, tt.reason)
			}
		})
	}
}
