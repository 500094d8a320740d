// Package flights knows the data of the demo: the flights that left New York in
// 2013, and what the pipeline flights-daily makes of them. It computes the
// same result in plain Go, as a second opinion on Spark's and Hive's.
package flights

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Archive is where scripts/setup leaves the flights, below the checkout.
const Archive = ".tools/flights/flights.csv.zip"

// Month returns a month of 2013 out of the zip at path as gzipped CSV with a
// header. The same month gives the same bytes.
func Month(path string, month int) ([]byte, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("open flights: %w", err)
	}
	defer func() { _ = z.Close() }()
	if len(z.File) == 0 {
		return nil, fmt.Errorf("open flights: %s is empty", path)
	}
	f, err := z.File[0].Open()
	if err != nil {
		return nil, fmt.Errorf("open flights: %w", err)
	}
	all, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read flights: %w", err)
	}
	return pick(string(all), month)
}

func pick(all string, month int) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	header, rows, _ := strings.Cut(all, "\n")
	_, err := io.WriteString(w, header+"\n")
	prefix, found := "2013,"+strconv.Itoa(month)+",", 0
	for line := range strings.Lines(rows) {
		if strings.HasPrefix(line, prefix) {
			found++
			_, werr := io.WriteString(w, line)
			err = errors.Join(err, werr)
		}
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("compress flights: %w", err)
	}
	if found == 0 {
		return nil, fmt.Errorf("pick flights: there are none of month %d", month)
	}
	return out.Bytes(), nil
}

// Key is where a month is uploaded to in the raw zone.
func Key(month int) string { return fmt.Sprintf("flights/2013-%02d.csv.gz", month) }
