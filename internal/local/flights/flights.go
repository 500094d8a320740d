// Package flights holds the data of the demo: the flights that left New York in
// 2013, and the statistics that the pipeline flights-daily computes from them. It
// computes the same result in plain Go, to verify those of Spark and Hive.
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

// Archive is the path of the flights below the checkout; scripts/setup puts them there.
const Archive = ".tools/flights/flights.csv.zip"

// Month returns a month of 2013 from the zip at path as gzipped CSV with a
// header. The bytes are the same on every call.
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

// Key is the key of a month in the raw zone.
func Key(month int) string { return fmt.Sprintf("flights/2013-%02d.csv.gz", month) }
