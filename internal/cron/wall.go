package cron

import "time"

// Times of a wall clock are written as times in UTC, whole minutes: what the clock shows.

// horizon is how many months the search for a planned time covers. The rarest
// schedule, a weekday on 29 February, happens at least every 40 years.
const horizon = 12 * 41

// atOrAfter returns the first time that the fields describe, not before w.
func (s *Schedule) atOrAfter(w time.Time) (time.Time, bool) {
	year, month, day := w.Date()
	days := s.daysOf(year, month)
	if days.has(day) {
		if hour, minute, ok := s.clockFrom(w.Hour(), w.Minute()); ok {
			return time.Date(year, month, day, hour, minute, 0, 0, time.UTC), true
		}
	}
	days = days.from(day + 1)
	for range horizon {
		if days != 0 {
			return time.Date(year, month, days.min(), s.hours.min(), s.minutes.min(), 0, 0, time.UTC), true
		}
		if month++; month > time.December {
			year, month = year+1, time.January
		}
		days = s.daysOf(year, month)
	}
	return time.Time{}, false
}

// atOrBefore returns the last time that the fields describe, not after w.
func (s *Schedule) atOrBefore(w time.Time) (time.Time, bool) {
	year, month, day := w.Date()
	days := s.daysOf(year, month)
	if days.has(day) {
		if hour, minute, ok := s.clockTo(w.Hour(), w.Minute()); ok {
			return time.Date(year, month, day, hour, minute, 0, 0, time.UTC), true
		}
	}
	days = days.to(day - 1)
	for range horizon {
		if days != 0 {
			return time.Date(year, month, days.max(), s.hours.max(), s.minutes.max(), 0, 0, time.UTC), true
		}
		if month--; month < time.January {
			year, month = year-1, time.December
		}
		days = s.daysOf(year, month)
	}
	return time.Time{}, false
}

func (s *Schedule) clockFrom(hour, minute int) (int, int, bool) {
	if minutes := s.minutes.from(minute); s.hours.has(hour) && minutes != 0 {
		return hour, minutes.min(), true
	}
	hours := s.hours.from(hour + 1)
	return hours.min(), s.minutes.min(), hours != 0
}

func (s *Schedule) clockTo(hour, minute int) (int, int, bool) {
	if minutes := s.minutes.to(minute); s.hours.has(hour) && minutes != 0 {
		return hour, minutes.max(), true
	}
	hours := s.hours.to(hour - 1)
	return hours.max(), s.minutes.max(), hours != 0
}

// daysOf returns the days of a month on which the schedule happens.
func (s *Schedule) daysOf(year int, month time.Month) set {
	if !s.months.has(int(month)) {
		return 0
	}
	final := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC)
	length := final.Day()
	first := (final.Weekday() - time.Weekday(length) + 36) % 7
	if s.nearest != 0 {
		return nearestWeekday(s.nearest, length, first)
	}
	// Bit 0 of week is the weekday of day 0, so that bit n becomes the one of day n.
	week := s.weekday * (1 | 1<<7 | 1<<14 | 1<<21 | 1<<28 | 1<<35) >> ((first + 6) % 7)
	days := s.days
	if days.has(lastDay) {
		days = setOf(length)
	}
	days = (days & week).from(1).to(length)
	switch {
	case s.nth == last:
		return days.from(length - 6)
	case s.nth > 0:
		return days.from(7*s.nth - 6).to(7 * s.nth)
	}
	return days
}

// nearestWeekday returns the day from Monday to Friday that is nearest to a day, in the same month.
func nearestWeekday(day, length int, first time.Weekday) set {
	if day > length {
		return 0
	}
	weekday := (first + time.Weekday(day-1)) % 7
	switch {
	case weekday == time.Saturday && day == 1:
		day = 3
	case weekday == time.Saturday:
		day--
	case weekday == time.Sunday && day == length:
		day -= 2
	case weekday == time.Sunday:
		day++
	}
	return setOf(day)
}
