package pipeline

import (
	"fmt"
	"slices"
	"strings"
)

// advice is what to write instead of functions and variables that other systems' templates have.
var advice = map[string]string{
	"now":   "a repeated run must see the same values: write .LogicalTime",
	"today": "a repeated run must see the same values: write .LogicalDate",

	"ds": "write .LogicalDate", "ds_nodash": `write .LogicalDate | format "basicDate"`, "ts": "write .LogicalTime", "ts_nodash": `write .LogicalTime | format "basicDateTime"`,
	"logical_date": "write .LogicalTime", "execution_date": "write .LogicalTime", "data_interval_start": "write .Interval.Start", "data_interval_end": "write .Interval.End",
	"yesterday_ds": "write .LogicalDate | addDays -1", "tomorrow_ds": "write .LogicalDate | addDays 1", "run_id": "write .RunID", "dag": "write .Pipeline",
	"params": "write .Params.<name>", "var": "write .Vars.<name>", "macros": "write functions like addDays and format", "ds_add": "write addDays", "ds_format": "write format",

	"toDate": "write format", "formatDate": "write format", "dateFormat": "write format", "strftime": "write format", "dateModify": "write addHours, addDays or addMonths",
	"date_modify": "write addHours, addDays or addMonths", "toTime": "write inZone", "dateInZone": `write .LogicalTime | inZone "Europe/Lisbon" | format "date"`,
	"weekday": `write format "%u"`, "week": "write isoWeek", "atoi": "write int", "toString": `write printf "%v"`, "env": "use .Params or .Vars",
}

func unknownFunction(name string) error {
	known := Functions()
	fields := slices.Concat(textFields, tableFields)
	text := didYouMean(closest(name, known), known)
	switch {
	case slices.Contains(fields, name):
		text = "fields begin with a dot: write ." + name
	case advice[name] != "":
		text = advice[name]
	default:
		if i := slices.IndexFunc(fields, func(f string) bool { return strings.EqualFold(f, name) }); i >= 0 {
			text = "write ." + fields[i]
		}
	}
	return fmt.Errorf("no function %q; %s", name, text)
}
