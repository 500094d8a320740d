// Package tables has tables of Delta and Iceberg as Spark 3.5.8 with Delta 3.3.2 and Iceberg 1.10.1 left them in the
// bucket lake. The program write.py wrote them:
//
//	delta            23 rows in three partitions dt: a checkpoint, a commit after it, and a file that was replaced
//	delta-vectors    10 rows of which a deletion vector removes one
//	iceberg          18 rows in two partitions dt, with a file that was replaced; the branch run-1 has 5 rows more
//	iceberg-deletes  10 rows of which a delete file removes one
package tables

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"io"
)

//go:embed tables.tar.gz
var archive []byte

// Objects returns the objects of the bucket lake by key.
func Objects() (map[string][]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if all[h.Name], err = io.ReadAll(t); err != nil {
			return nil, err
		}
	}
}
