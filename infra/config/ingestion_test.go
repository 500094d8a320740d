package config_test

import (
	"strings"
	"testing"

	"ephemr/infra/config"
)

// All errors of streams are reported at once, with their lines.
func TestIngestionErrors(t *testing.T) {
	t.Parallel()
	const stream = "ingestion:\n  streams:\n    clicks:\n      columns: [{name: id, type: string}]\n"
	for name, tt := range map[string]struct{ text, want string }{
		"all": {
			text: `region: eu-west-1
ingestion:
  key: arn:aws:kms:us-east-1:111122223333:key/1234
  streams:
    Clicks: {columns: [{name: id, type: string}]}
    orders:
      shards: -1
      retention: 12h
      zone: landing
      date: week
      bufferMiB: 16
      buffer: 20m
      teams: [web]
      columns: [{name: Id, type: string}, {name: dt, type: text}]
      keys: [{name: hour, query: .h}, {name: shop, query: shop}]
`,
			want: `x.yaml:3:3: ingestion.key is in Region us-east-1, and the stage in eu-west-1
x.yaml:5:5: ingestion.streams.Clicks: invalid name
x.yaml:7:7: ingestion.streams.orders.shards -1 must be 1 to 500
x.yaml:8:7: ingestion.streams.orders.retention 12h0m0s must be whole hours, 24h to 8760h
x.yaml:9:7: ingestion.streams.orders.zone: unknown zone "landing"; the lake has curated, raw
x.yaml:10:7: ingestion.streams.orders.date "week" must be day or hour
x.yaml:11:7: ingestion.streams.orders.bufferMiB 16 must be 64 to 128: Firehose refuses less with Parquet
x.yaml:12:7: ingestion.streams.orders.buffer 20m0s must be whole seconds, up to 15m
x.yaml:13:15: ingestion.streams.orders.teams[0]: unknown team "web"
x.yaml:14:18: ingestion.streams.orders.columns[0].name "Id" must be lower-case
x.yaml:14:44: ingestion.streams.orders.columns[1].name: dt is another column, or a partition by time
x.yaml:14:54: ingestion.streams.orders.columns[1].type "text" is not a type of Hive
x.yaml:15:15: ingestion.streams.orders.keys[0].name: hour is a column or another partition
x.yaml:15:52: ingestion.streams.orders.keys[1].query "shop" is not a query of JQ`,
		},
		"no columns":   {"ingestion: {streams: {clicks: {shards: 1}}}\n", "x.yaml:1:23: ingestion.streams.clicks.columns is missing: Firehose needs the schema"},
		"an alias":     {"ingestion: {key: alias/streams}\n", `x.yaml:1:13: ingestion.key "alias/streams" must be the ARN of a KMS key`},
		"fast by keys": {stream + "      keys: [{name: shop, query: .shop}]\n      buffer: 30s\n", "x.yaml:6:7: ingestion.streams.clicks.buffer 30s must be at least 1m with keys"},
		"a long prefix": {
			stream + "      keys: [" + longKeys() + "]\n", "x.yaml:5:7: ingestion.streams.clicks.keys: the prefix of objects has 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("x1", "x.yaml", []byte(tt.text))
			if err == nil {
				t.Fatal("no error")
			}
			got, want := strings.Split(err.Error(), "\n"), strings.Split(tt.want, "\n")
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
					t.Fatalf("got\n%s\nwant\n%s", err, tt.want)
				}
			}
		})
	}
}

// longKeys are keys whose folders are longer than a prefix may be.
func longKeys() string {
	var keys []string
	for _, letter := range "abcdef" {
		keys = append(keys, "{name: "+strings.Repeat(string(letter), 100)+", query: .a}")
	}
	return strings.Join(keys, ", ")
}

// Objects have the partitions of their table as folders, and those that cannot be converted are elsewhere.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	s := config.Stream{Date: config.ByHour, Keys: []config.Key{{Name: "shop", Query: ".shop"}}}
	if got, want := s.Prefix("clicks"), "clicks/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/shop=!{partitionKeyFromQuery:shop}/"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := config.ErrorPrefix("clicks"), "quarantine/clicks/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c := config.Config{Stage: "x1", Ingestion: &config.Ingestion{Streams: map[string]config.Stream{"clicks": s, "orders": {}}}}
	if got := c.DeliveryName("clicks") + " " + c.DeliveryName("orders"); got != "ephemr-x1-clicks-by-key ephemr-x1-orders" {
		t.Errorf("names %s", got)
	}
}
