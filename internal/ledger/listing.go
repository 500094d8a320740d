package ledger

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// GetAPI reads the lists that close batches.
type GetAPI interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Address is the address of an object.
type Address struct{ Bucket, Key string }

// maxListing is how long a list of objects may be: 10,000 objects with long keys.
const maxListing = 8 << 20

// ReadListing reads the object that lists the objects of a batch.
func ReadListing(ctx context.Context, api GetAPI, uri, version string) ([]Address, error) {
	bucket, key, err := Parse(uri)
	if err != nil {
		return nil, err
	}
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	out, err := api.GetObject(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", uri, err)
	}
	defer func() { _ = out.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(out.Body, maxListing+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", uri, err)
	}
	if len(data) > maxListing {
		return nil, fmt.Errorf("read %s: larger than %d bytes", uri, maxListing)
	}
	all, err := ParseListing(data, Address{bucket, key})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", uri, err)
	}
	return all, nil
}

// listed is an object in a list: as UNLOAD of Amazon Redshift and manifests of ephemr
// write it, or with a key alone.
type listed struct {
	URL string `json:"url"`
	URI string `json:"uri"`
	Key string `json:"key"`
}

// ParseListing reads a list of objects that stands at an address: {"entries": [{"url":
// …}]} as UNLOAD of Amazon Redshift writes it, or a line for each object, with its address
// or JSON with uri, url or key. What is no address is relative to the list.
// Source: Amazon Redshift Database Developer Guide, "UNLOAD", manifest.
func ParseListing(data []byte, at Address) ([]Address, error) {
	var whole struct {
		Entries []listed `json:"entries"`
	}
	if json.Unmarshal(data, &whole) == nil && whole.Entries != nil {
		return addresses(whole.Entries, at)
	}
	var lines []listed
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		text := strings.TrimSpace(s.Text())
		var one listed
		switch {
		case text == "":
			continue
		case strings.HasPrefix(text, "{"):
			if err := json.Unmarshal([]byte(text), &one); err != nil {
				return nil, fmt.Errorf("line %d: %w", len(lines)+1, err)
			}
		default:
			one.URI = text
		}
		lines = append(lines, one)
	}
	return addresses(lines, at)
}

func addresses(all []listed, at Address) (out []Address, _ error) {
	for i, l := range all {
		text := cmp.Or(l.URL, l.URI, l.Key)
		if text == "" {
			return nil, fmt.Errorf("object %d has no url, uri or key", i+1)
		}
		if !strings.HasPrefix(text, "s3://") {
			out = append(out, Address{at.Bucket, path.Join(path.Dir(at.Key), text)})
			continue
		}
		bucket, key, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("object %d: %w", i+1, err)
		}
		out = append(out, Address{bucket, key})
	}
	if len(out) == 0 {
		return nil, errors.New("it lists no object; write an address on each line")
	}
	return out, nil
}

// Missing returns the first of the addresses of which the pipeline of an open batch has
// taken no version yet, or "".
func (s *Store) Missing(ctx context.Context, b Batch, all []Address) (string, error) {
	members, err := s.members(ctx, b.ID)
	if err != nil {
		return "", err
	}
	has := map[Address]bool{}
	for _, o := range members {
		has[Address{o.Bucket, o.Key}] = true
	}
	for _, a := range all {
		if has[a] {
			continue
		}
		entries, err := s.Entries(ctx, a.Bucket, a.Key, b.Pipeline)
		if err != nil {
			return "", err
		}
		if len(entries) == 0 {
			return "s3://" + a.Bucket + "/" + a.Key, nil
		}
	}
	return "", nil
}
