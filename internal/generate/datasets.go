package generate

import (
	"maps"
	"slices"
)

// Datasets returns the names of the datasets.
func Datasets() []string { return slices.Sorted(maps.Keys(datasets)) }

// Stores is the number of stores that orders and events refer to: a dataset of
// stores with as many rows, and no duplicates, has all of them.
const Stores = 10_000

const customers = 100_000

// datasets are the columns of each dataset. The first is its key, and one is
// the time of what the row is about.
var datasets = map[string][]column{
	"events": {
		{name: "event_id", kind: long, fill: key},
		{name: "occurred_at", kind: timestamp, fill: moment},
		{name: "customer_id", kind: long, nullable: true, fill: oneOf(customers)},
		{name: "type", kind: word, nullable: true, words: []string{"view", "search", "basket", "checkout", "login", "error"}},
		{name: "store_id", kind: integer, fill: oneOf(Stores)},
		{name: "duration_ms", kind: double, decimals: 1, nullable: true, fill: between(0, 90_000_0)},
	},
	"flights": {
		{name: "id", kind: text, prefix: "F", fill: key},
		{name: "scheduled_hour", kind: timestamp, fill: moment},
		{name: "carrier", kind: word, words: []string{"UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX", "FL", "AS", "F9", "YV", "HA", "OO"}},
		{name: "origin", kind: word, words: []string{"EWR", "JFK", "LGA"}},
		{name: "dest", kind: word, nullable: true, words: []string{"ORD", "ATL", "LAX", "BOS", "MCO", "CLT", "SFO", "FLL", "MIA", "DCA", "DTW", "DFW", "RDU", "TPA", "DEN", "IAH"}},
		{name: "dep_delay", kind: double, nullable: true, fill: between(-30, 180)},
		{name: "arr_delay", kind: double, nullable: true, fill: between(-60, 200)},
		{name: "distance", kind: double, nullable: true, fill: between(80, 4_983)},
	},
	"orders": {
		{name: "order_id", kind: long, fill: key},
		{name: "ordered_at", kind: timestamp, fill: moment},
		{name: "store_id", kind: integer, fill: oneOf(Stores)},
		{name: "customer_id", kind: long, nullable: true, fill: oneOf(customers)},
		{name: "status", kind: word, nullable: true, words: []string{"delivered", "shipped", "paid", "new", "returned"}},
		{name: "amount", kind: decimal, decimals: 2, nullable: true, fill: between(1_00, 500_00)},
	},
	"stores": {
		{name: "store_id", kind: integer, fill: key},
		{name: "updated_at", kind: timestamp, fill: moment},
		{name: "name", kind: text, prefix: "Store ", nullable: true, fill: between(1, 9_999_999)},
		{name: "country", kind: word, words: []string{"PT", "ES", "FR", "IT", "DE", "PL", "RO", "UA", "KE", "NG"}},
		{name: "opens_at", kind: word, nullable: true, words: []string{"08:00", "09:00", "07:00", "10:00", "11:00", "06:30"}},
		{name: "closes_at", kind: word, nullable: true, words: []string{"22:00", "23:00", "21:00", "20:00", "00:00", "18:30"}},
	},
}
