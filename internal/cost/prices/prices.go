// Package prices is the list prices of instances and volumes, by Region: what is
// paid to EC2 and EMR for an hour, On-Demand. The tables are embedded;
// ephemr prices refresh writes one from AWS's price list.
package prices

import (
	"bufio"
	"embed"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed *.csv
var files embed.FS

// Default is the Region whose prices stand for those of Regions without a table.
const Default = "us-east-1"

// Hour is USD an hour for an instance type.
type Hour struct {
	EC2  float64 // On-Demand, Linux
	EMR  float64 // EMR's own, whatever is paid for EC2
	VCPU int
	NVMe int // GB of local disks; 0 = EBS only
}

// emrShare is EMR's own price in relation to EC2's, where a table has none.
// Source: the pricing page of Amazon EMR; the largest sizes of older families cost less.
const emrShare = 0.25

// EMR is its own price for a type whose price EMR does not list.
func EMR(ec2 float64) float64 { return ec2 * emrShare }

// Table is the prices of a Region.
type Table struct {
	Region string
	Date   string  // of the price list, YYYY-MM-DD
	Source string  // where the prices are from
	GP3    float64 // USD for a GiB of an EBS volume for a month
	GP2    float64
	Types  map[string]Hour
}

// Of is the table of a Region, or that of Default.
func Of(region string) Table {
	tables, err := all()
	if err != nil {
		panic(err) // the files are embedded and tested
	}
	if t, ok := tables[region]; ok {
		return t
	}
	return tables[Default]
}

// all reads the embedded tables, once.
var all = sync.OnceValues(func() (map[string]Table, error) {
	names, err := fs.Glob(files, "*.csv")
	if err != nil {
		return nil, fmt.Errorf("list price tables: %w", err)
	}
	tables := map[string]Table{}
	for _, name := range names {
		f, err := files.Open(name)
		if err != nil {
			return nil, fmt.Errorf("open price table: %w", err)
		}
		t, err := Read(f)
		if err != nil {
			return nil, fmt.Errorf("internal/cost/prices/%s: %w", name, err)
		}
		tables[t.Region] = t
	}
	return tables, nil
})

// columns of a table. An empty emr is a quarter of ec2.
var columns = []string{"type", "ec2", "emr", "vcpu", "nvme"}

// Read reads a table: comments with its properties, then CSV.
func Read(r io.Reader) (t Table, err error) {
	t.Types = map[string]Hour{}
	in := bufio.NewReader(r)
	properties := map[string]string{}
	for {
		if next, err := in.Peek(1); err != nil || next[0] != '#' {
			break
		}
		line, err := in.ReadString('\n')
		if err != nil {
			return t, fmt.Errorf("read price table: %w", err)
		}
		name, value, _ := strings.Cut(strings.TrimSpace(line[1:]), ": ")
		properties[name] = value
	}
	t.Region, t.Date, t.Source = properties["region"], properties["date"], properties["source"]
	if _, err := time.Parse(time.DateOnly, t.Date); err != nil || t.Region == "" {
		return t, fmt.Errorf("the table needs a region and a date, like 2026-07-20, in its first lines")
	}
	if t.GP3, err = amount("gp3", properties["gp3"]); err != nil {
		return t, err
	}
	if t.GP2, err = amount("gp2", properties["gp2"]); err != nil {
		return t, err
	}
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return t, fmt.Errorf("read price table: %w", err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		return t, fmt.Errorf("the columns of the table must be %s", strings.Join(columns, ","))
	}
	for _, row := range rows[1:] {
		if t.Types[row[0]], err = hour(row); err != nil {
			return t, fmt.Errorf("%s: %w", row[0], err)
		}
	}
	return t, nil
}

func hour(row []string) (h Hour, err error) {
	if h.EC2, err = amount("ec2", row[1]); err != nil {
		return h, err
	}
	h.EMR = EMR(h.EC2)
	if row[2] != "" {
		if h.EMR, err = amount("emr", row[2]); err != nil {
			return h, err
		}
	}
	if h.VCPU, err = strconv.Atoi(row[3]); err != nil || h.VCPU < 1 {
		return h, fmt.Errorf("vcpu %q is not a number", row[3])
	}
	if row[4] != "" {
		if h.NVMe, err = strconv.Atoi(row[4]); err != nil {
			return h, fmt.Errorf("nvme %q is not a number of GB", row[4])
		}
	}
	return h, nil
}

func amount(name, text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f > 0 && f < 10_000) {
		return 0, fmt.Errorf("%s %q is not a price in USD", name, text)
	}
	return f, nil
}

// Write writes a table as Read reads it, sorted by type.
func (t Table) Write(w io.Writer) error {
	text := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	if _, err := fmt.Fprintf(w, "# region: %s\n# date: %s\n# gp3: %s\n# gp2: %s\n# source: %s\n", t.Region, t.Date, text(t.GP3), text(t.GP2), t.Source); err != nil {
		return fmt.Errorf("write price table: %w", err)
	}
	out := csv.NewWriter(w)
	rows := [][]string{}
	for name, h := range t.Types {
		emr, nvme := "", ""
		if h.EMR != EMR(h.EC2) {
			emr = text(h.EMR)
		}
		if h.NVMe > 0 {
			nvme = strconv.Itoa(h.NVMe)
		}
		rows = append(rows, []string{name, text(h.EC2), emr, strconv.Itoa(h.VCPU), nvme})
	}
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	if err := out.WriteAll(append([][]string{columns}, rows...)); err != nil {
		return fmt.Errorf("write price table: %w", err)
	}
	return nil
}

// Monthly hours, by which AWS turns the price of a volume's month into seconds' worth.
const monthHours = 730

// What EMR attaches to an instance unless a profile says otherwise.
// Source: Amazon EMR Management Guide, "Default Amazon EBS root and storage volumes
// for instances": a root volume, and for types without local disks 16 GiB for each
// vCPU, 32 GiB at least.
const (
	rootGiB      = 15 // gp3
	gibPerVCPU   = 16 // gp2
	leastStorage = 32
)

// Disk is USD an hour for the volumes of an instance with storage of diskGiB, or 0 for
// EMR's default.
func (t Table) Disk(h Hour, diskGiB int) float64 {
	month := rootGiB * t.GP3
	switch {
	case diskGiB > 0:
		month += float64(diskGiB) * t.GP3
	case h.NVMe == 0:
		month += float64(max(leastStorage, gibPerVCPU*h.VCPU)) * t.GP2
	}
	return month / monthHours
}

// Check returns why the cost of these instance types is not known, or nil.
func (t Table) Check(types []string) error {
	var missing []string
	for _, name := range types {
		if _, ok := t.Types[name]; !ok && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("no price is known for instance type %s (price table of %s, %s); correct the name, or update the table with ephemr prices refresh",
		strings.Join(missing, ", "), t.Region, t.Date)
}
