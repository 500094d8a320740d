package constructs

import "slices"

// grantKey allows what S3 does with the stage's KMS key, if it has one, on behalf of
// a principal that makes these calls.
// Source: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys";
// an upload in parts also needs Decrypt.
func (b *Bucket) grantKey(to Rights, actions ...string) {
	key := b.stage.Keys.Buckets
	if key == "" {
		return
	}
	var needed []string
	if slices.Contains(actions, "GetObject") || slices.Contains(actions, "PutObject") {
		needed = append(needed, "Decrypt")
	}
	if slices.Contains(actions, "PutObject") {
		needed = append(needed, "GenerateDataKey")
	}
	if len(needed) > 0 {
		useKey(to, key, needed...)
	}
}

// useKey allows S3 to use a KMS key on behalf of a principal.
func useKey(to Rights, key string, actions ...string) {
	throughS3 := conditions{"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}
	to.allow(statement(of("kms", actions...), []*string{&key}, throughS3))
}
