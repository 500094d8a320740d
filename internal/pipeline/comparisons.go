package pipeline

import (
	"slices"
	"strconv"
)

// sameKind rejects {{eq .Params.n 3}}, which fails in every run: params are text.
func (r *references) sameKind(fn string, args []value) {
	r.wholeNumbers(fn, args)
	for _, a := range args[min(1, len(args)):] {
		switch {
		case args[0].isLike(a):
		case a.isText():
			r.differentKinds(fn, a, args[0])
		default:
			r.differentKinds(fn, args[0], a)
		}
	}
}

// wholeNumbers rejects literals with a fraction: comparisons convert params to whole numbers.
func (r *references) wholeNumbers(fn string, args []value) {
	for _, a := range args {
		if _, err := strconv.Atoi(a.text); a.literal && a.kind == numberValue && err != nil {
			r.fault("%s compares whole numbers, not %s", fn, a.shown)
		}
	}
}

// differentKinds reports the comparison of a text with a value of another kind, and how to correct it.
func (r *references) differentKinds(fn string, text, other value) {
	switch {
	case text.literal && other.kind == numberValue && isNumeric(text.text):
		r.fault("%s compares %s (text) with %s (%s); write %s", fn, text.shown, other.shown, other.kind, text.text)
	case other.literal:
		r.fault(`%s compares text with %s; write "%s"`, fn, other.kind, other.shown)
	default:
		r.fault("%s compares %s (%s) with %s (%s); convert one, as in (int %[2]s)", fn, text.shown, text.kind, other.shown, other.kind)
	}
}

// isLike reports whether both may be of the same type.
func (v value) isLike(o value) bool {
	return v.kind == anyValue || o.kind == anyValue || v.kind == o.kind || v.isText() && o.isText()
}

// comparable rejects the order of numbers that are texts: "9" is after "10".
func (r *references) comparable(fn string, args []value) {
	r.sameKind(fn, args)
	r.notTimes(fn, args)
	for _, a := range args {
		if a.isText() && a.numeric() {
			r.fault("%s compares %s as text, in which 9 is greater than 10; write (int %[2]s)", fn, a.shown)
		}
		if a.kind == boolValue {
			r.fault("%s compares %s, which is %s; use eq", fn, a.shown, a.kind)
		}
	}
}

// numeric reports whether the value is a number written as text.
func (v value) numeric() bool {
	switch {
	case v.literal:
		return isNumeric(v.text)
	case v.param == nil:
		return false
	case v.param.Default != nil && isNumeric(*v.param.Default):
		return true
	}
	return len(v.param.Allowed) > 0 && !slices.ContainsFunc(v.param.Allowed, func(s string) bool { return !isNumeric(s) })
}

// condition rejects {{if .Params.dry}} where the param may be "false": every
// text that is not empty counts as true.
func (r *references) condition(v value) {
	if v.param == nil {
		return
	}
	texts := v.param.Allowed
	if v.param.Default != nil {
		texts = append(slices.Clip(texts), *v.param.Default)
	}
	if slices.Contains(texts, "true") || slices.Contains(texts, "false") {
		r.fault(`%s is text, and the text "false" counts as true in a condition; write (eq %[1]s "true")`, v.shown)
	}
}

// notTimes rejects a literal beside a date or time that is neither: it would be compared by its letters.
func (r *references) notTimes(fn string, args []value) {
	if !slices.ContainsFunc(args, value.isTime) {
		return
	}
	for _, a := range args {
		if _, err := asMoment(a.text); err != nil && a.literal && a.kind == textValue {
			r.fault("%s: %v", fn, err)
		}
	}
}

// sameTimes rejects the comparison of a date with a time, which are never equal.
func (r *references) sameTimes(fn string, args []value) {
	r.notTimes(fn, args)
	date := slices.IndexFunc(args, value.isDate)
	clock := slices.IndexFunc(args, func(v value) bool {
		m, err := asMoment(v.text)
		return v.kind == clockValue || v.literal && err == nil && !m.isDate
	})
	if date >= 0 && clock >= 0 {
		r.fault(`%s compares %s, a date, with %s, a time, which are never equal; write (format "date" %[3]s)`, fn, args[date].shown, args[clock].shown)
	}
}
