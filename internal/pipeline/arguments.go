package pipeline

import (
	"fmt"
	"slices"
	"strconv"

	"ephemr/internal/pipeline/layout"
)

func aText(fn string, v value) string {
	switch v.kind {
	case anyValue, textValue, dateValue, clockValue, timeValue:
		return ""
	case numberValue, boolValue:
	}
	if v.literal {
		return fmt.Sprintf(`%s takes text, and %s is %s; write "%[2]s"`, fn, v.shown, v.kind)
	}
	return fmt.Sprintf(`%s takes text, and %s is %s; write (printf "%%v" %[2]s)`, fn, v.shown, v.kind)
}

// theValue is the last argument, the one that the function changes: a literal
// there means that the arguments are in another order.
func theValue(fn string, v value) string {
	if v.literal && v.isText() {
		return fmt.Sprintf("%s changes its last argument, which is the literal %s; the value comes last, as in {{%s}}", fn, v.shown, usage[fn])
	}
	return aText(fn, v)
}

// usage shows the order of arguments.
var usage = map[string]string{
	"date": `date "2006/01/02" .LogicalTime`, "format": `.LogicalTime | format "yyyy/MM/dd"`, "inZone": `.LogicalTime | inZone "Europe/Lisbon"`,
	"addMinutes": ".LogicalTime | addMinutes -15", "addHours": ".LogicalTime | addHours -1", "addDays": "addDays -1 .LogicalDate", "addWeeks": ".LogicalDate | addWeeks -1",
	"addMonths": ".LogicalDate | addMonths -1", "addYears": ".LogicalDate | addYears -1", "startOf": `.LogicalDate | startOf "month"`, "endOf": `.LogicalDate | endOf "month"`,
	"isoWeek": "isoWeek .LogicalDate", "isoYear": "isoYear .LogicalDate", "unix": "unix .LogicalTime", "add": "add 1 (int .Params.n)", "sub": "sub (int .Params.n) 1", "mul": "mul 2 (int .Params.n)",
	"replace": `replace "-" "/" .LogicalDate`, "trimPrefix": `trimPrefix "in/" .Trigger.Key`, "trimSuffix": `trimSuffix ".csv" .Trigger.Key`, "default": `default "none" .Params.country`,
}

func aLayout(fn string, v value) string {
	switch {
	case v.isTime() && !v.literal:
		return fmt.Sprintf("%s takes the layout first, and %s is %s; the value comes last, as in {{%s}}", fn, v.shown, v.kind, usage[fn])
	case v.isText():
		text, ok := v.known()
		if _, err := layout.Parse(text); ok && err != nil {
			if _, notTime := asMoment(text); notTime == nil {
				return fmt.Sprintf("%s takes the layout first, and %s is a date or time; the value comes last, as in {{%s}}", fn, v.shown, usage[fn])
			}
			return err.Error()
		}
	}
	return aText(fn, v)
}

// aTime is a date or a time.
func aTime(fn string, v value) string {
	if v.kind == numberValue || v.kind == boolValue {
		return fmt.Sprintf("%s takes a date or time, and %s is %s; the value comes last, as in {{%s}}", fn, v.shown, v.kind, usage[fn])
	}
	if v.noTime {
		return fmt.Sprintf("%s takes a date or time, which %s is not; format comes last, as in {{%s}}", fn, v.shown, usage["format"])
	}
	if text, ok := v.known(); ok && v.kind == textValue {
		if _, err := asMoment(text); err != nil {
			return fmt.Sprintf("%s: %v; the value comes last, as in {{%s}}", fn, err, usage[fn])
		}
	}
	return aText(fn, v)
}

// aClock is a time.
func aClock(fn string, v value) string {
	if v.isDate() {
		return fmt.Sprintf("%s takes a time, and %s is a date without a time of day; %s", fn, v.shown, useTime)
	}
	return aTime(fn, v)
}

// isDate reports whether the value is known to be a date.
func (v value) isDate() bool {
	text, _ := v.known()
	m, err := asMoment(text)
	return v.kind == dateValue || err == nil && m.isDate
}

// known returns the text of a literal, or the default of a param, if it is not a template.
func (v value) known() (string, bool) {
	switch {
	case v.literal:
		return v.text, true
	case v.param == nil || v.param.Default == nil || isTemplate(*v.param.Default):
		return "", false
	}
	return *v.param.Default, true
}

func aZone(fn string, v value) string {
	if text, ok := v.known(); ok && v.isText() {
		if _, err := loadZone(text); err != nil || text == "" {
			return fmt.Sprintf("%s: unknown time zone %q; the value comes last, as in {{%s}}", fn, text, usage[fn])
		}
	}
	if v.isTime() {
		return fmt.Sprintf("%s takes the zone first, and %s is %s; the value comes last, as in {{%s}}", fn, v.shown, v.kind, usage[fn])
	}
	return aText(fn, v)
}

func aUnit(fn string, v value) string {
	if v.isTime() {
		return fmt.Sprintf("%s takes the unit first, and %s is %s; the value comes last, as in {{%s}}", fn, v.shown, v.kind, usage[fn])
	}
	if text, ok := v.known(); ok && v.isText() {
		if msg := unitFault(fn, text, false); msg != "" {
			return msg
		}
	}
	return aText(fn, v)
}

// partsOf rejects the hour of a date, which would be 00 in every run.
func (r *references) partsOf(fn string, args []value) {
	text, ok := args[0].known()
	if l, err := layout.Parse(text); ok && err == nil && args[1].isDate() && l.TimeOfDay() != "" {
		r.fault("%s: %s is a date, and %s in the layout %q is of a time of day; %s", fn, args[1].shown, l.TimeOfDay(), text, useTime)
	} else if ok && err == nil && args[1].zoned && l.SaysUTC() {
		r.fault("%s: Z in the layout %q means UTC, and %s has another zone; write Z07:00 in Go's layouts, %%z in strftime, XXX in Java's patterns", fn, text, args[1].shown)
	}
}

func (r *references) length(args []value) {
	for _, a := range args {
		if a.isTime() && !a.literal {
			r.fault("len takes text, and %s is %s", a.shown, a.kind)
		}
	}
}

func (r *references) unitOf(fn string, args []value) {
	if text, ok := args[0].known(); ok && args[1].isDate() && unitFault(fn, text, false) == "" {
		if msg := unitFault(fn, text, true); msg != "" {
			r.fault("%s", msg)
		}
	}
}

func aNumber(fn string, v value) string {
	switch {
	case v.kind == numberValue && v.literal:
		if _, err := strconv.Atoi(v.text); err != nil {
			return fmt.Sprintf("%s takes a whole number, not %s", fn, v.shown)
		}
	case v.isTime() && slices.Contains([]string{"add", "sub", "mul"}, fn):
		return fmt.Sprintf("%s computes with numbers, and %s is %s; write addDays, addHours or another function of dates", fn, v.shown, v.kind)
	case v.isText() && v.literal:
		return fmt.Sprintf("%s takes a number first, not the text %s, as in {{%s}}", fn, v.shown, usage[fn])
	case v.isText():
		return fmt.Sprintf("%s takes a number, and %s is text; write (int %[2]s)", fn, v.shown)
	case v.kind == boolValue:
		return fmt.Sprintf("%s takes a number, and %s is %s", fn, v.shown, v.kind)
	}
	return ""
}

func anInteger(fn string, v value) string {
	if v.isTime() && !v.literal {
		return fmt.Sprintf(`%s: %s is %s, not a whole number; write a part of it, as in (int (format "HH" .LogicalTime))`, fn, v.shown, v.kind)
	}
	if v.literal || v.param != nil && v.param.Default != nil {
		text := v.text
		if !v.literal {
			text = *v.param.Default
		}
		if _, err := toInt(text); err != nil && !isTemplate(text) {
			return fmt.Sprintf("%s: %v", fn, err)
		}
		return ""
	}
	return aText(fn, v)
}
