package service

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/cli/upload"
	"ephemr/internal/pack"
	"ephemr/internal/proof/bench/trace"
)

// Packages is how long a directory of many files takes to the stage.
type Packages struct {
	Files  int     `json:"files"`
	Bytes  int64   `json:"bytes"`  // of the files
	Size   int64   `json:"size"`   // of the package, in bytes
	Build  Seconds `json:"build"`  // reading, zipping and digesting it, median
	Send   Seconds `json:"send"`   // looking for it and uploading it, median
	Again  Seconds `json:"again"`  // what is there already, median
	Plain  Seconds `json:"plain"`  // one PutObject of as many bytes, median
	Ratio  float64 `json:"ratio"`  // build and send to plain
	Rounds int     `json:"rounds"` // of each
}

// Seconds is a time that JSON writes as a number of seconds.
type Seconds = trace.Seconds

// The directory: a large project, half of it hard to compress.
const (
	files    = 1000
	fileSize = 8 << 10
	rounds   = 5
)

func (s *Stage) packages(ctx context.Context) (Packages, error) {
	p := Packages{Files: files, Rounds: rounds}
	dir := filepath.Join(s.Dir, "large")
	if err := fill(dir); err != nil {
		return p, err
	}
	var build, send, again, plain trace.Sample
	for n := range rounds {
		// Other content each time: an existing package is not uploaded.
		if err := os.WriteFile(filepath.Join(dir, "run.sh"), fmt.Appendf(nil, "echo %d %d\n", n, time.Now().UnixNano()), 0o600); err != nil {
			return p, fmt.Errorf("write project: %w", err)
		}
		begun := time.Now()
		made, err := pack.Build(dir, pack.Options{})
		if err != nil {
			return p, err
		}
		build = append(build, time.Since(begun))
		for _, into := range []*trace.Sample{&send, &again} {
			begun = time.Now()
			if _, err := upload.Send(ctx, s.S3, s.Bucket, made, nil); err != nil {
				return p, err
			}
			*into = append(*into, time.Since(begun))
		}
		begun = time.Now()
		if _, err := s.S3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &s.Bucket, Key: new(fmt.Sprintf("packages/bench-%d", n)), Body: bytes.NewReader(make([]byte, made.Size)),
		}); err != nil {
			return p, fmt.Errorf("put object: %w", err)
		}
		plain = append(plain, time.Since(begun))
		p.Bytes, p.Size = made.Bytes, made.Size
	}
	p.Build, p.Send = Seconds(build.Median()), Seconds(send.Median())
	p.Again, p.Plain = Seconds(again.Median()), Seconds(plain.Median())
	p.Ratio = float64(p.Build+p.Send) / float64(p.Plain)
	return p, nil
}

// fill writes the directory, with the same content each time.
func fill(dir string) error {
	random := rand.NewChaCha8([32]byte{1})
	for n := range files - 1 { // and run.sh
		path := filepath.Join(dir, fmt.Sprintf("part-%02d", n/50), fmt.Sprintf("file-%03d.txt", n))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("write project: %w", err)
		}
		data := make([]byte, fileSize)
		_, _ = random.Read(data[:fileSize/2]) // never fails
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return fmt.Errorf("write project: %w", err)
		}
	}
	return nil
}
