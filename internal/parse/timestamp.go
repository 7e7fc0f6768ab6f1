package parse

// Timestamp reads a date and time of RFC 3339, and the forms of ISO 8601 next to it, into nanoseconds since the Unix
// epoch, exactly: "2026-08-21T10:15:30.123Z". 'T' may be 't' or a space, the fraction has 1 to 9 digits behind '.' or
// ',' or is absent, the zone is 'Z', 'z', "+02:00", "+0200" or "+02".
//
// ok is false for anything else: a missing zone, more digits than nanoseconds have, a day the month does not have, a
// leap second, which the epoch cannot express, and times outside 1677-09-21 to 2262-04-11, which int64 cannot hold.
func Timestamp(s string) (unixNano int64, ok bool) {
	sec, ok := dateTime(s)
	if !ok {
		return 0, false
	}
	i := dateTimeLen
	nano := int64(0)
	if i < len(s) && (s[i] == '.' || s[i] == ',') {
		value, digits := fraction(s[i+1:])
		if digits == 0 || digits > 9 {
			return 0, false
		}
		nano = value * fractionUnit[digits]
		i += 1 + digits
	}
	offset, ok := zone(s[i:])
	if !ok {
		return 0, false
	}
	return join(sec-offset, nano)
}

// TimestampMicros reads the time at the start of an agentgateway stdout line. Its fraction, 1 to 6 digits, counts
// microseconds and is NOT padded with zeros: "…:01.123Z" is 123 µs past the second, where every RFC 3339 reader sees
// 123 ms (agentgateway v0.9.0 to v1.4.1, crates/core/src/telemetry/date.rs). A revision that pads to six digits, as
// commit bbbd8d41 of that file does, means the same by both readings, so no version check is needed.
//
// ok is false for anything but "YYYY-MM-DDThh:mm:ss.<1 to 6 digits>Z", which is all that program writes.
func TimestampMicros(s string) (unixNano int64, ok bool) {
	if len(s) < dateTimeLen+3 || s[10] != 'T' || s[dateTimeLen] != '.' || s[len(s)-1] != 'Z' {
		return 0, false
	}
	micros, digits := fraction(s[dateTimeLen+1:])
	if digits == 0 || digits > 6 || dateTimeLen+digits+2 != len(s) {
		return 0, false
	}
	sec, ok := dateTime(s)
	if !ok {
		return 0, false
	}
	return join(sec, micros*1000)
}

// TimestampCLF reads the local time of the common log format, nginx's $time_local: "21/Nov/2026:15:22:30 +0000". ok is
// false for anything of another shape, a day the month does not have, and times int64 cannot hold.
func TimestampCLF(s string) (unixNano int64, ok bool) {
	if len(s) != len("21/Nov/2026:15:22:30 +0000") || s[2] != '/' || s[6] != '/' || s[11] != ':' || s[20] != ' ' {
		return 0, false
	}
	clock, ok := clockTime(s[12:20])
	if !ok {
		return 0, false
	}
	offset, ok := zone(s[21:])
	if !ok {
		return 0, false
	}
	days, ok := daysSinceEpoch(two(s, 7)*100+two(s, 9), monthNumber(s[3:6]), two(s, 0))
	if !ok {
		return 0, false
	}
	return join(days*86400+clock-offset, 0)
}

const dateTimeLen = len("2026-08-21T10:15:30")

// dateTime reads the first 19 bytes, date and time of day, into seconds since the epoch as if the zone were UTC.
func dateTime(s string) (sec int64, ok bool) {
	if len(s) < dateTimeLen || s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != 't' && s[10] != ' ' {
		return 0, false
	}
	clock, ok := clockTime(s[11:19])
	if !ok {
		return 0, false
	}
	days, ok := daysSinceEpoch(two(s, 0)*100+two(s, 2), two(s, 5), two(s, 8))
	return days*86400 + clock, ok
}

// clockTime reads "hh:mm:ss" into seconds since midnight.
func clockTime(s string) (sec int64, ok bool) {
	if s[2] != ':' || s[5] != ':' {
		return 0, false
	}
	h, m, sec := two(s, 0), two(s, 3), two(s, 6)
	return h*3600 + m*60 + sec, h < 24 && m < 60 && sec < 60
}

// notTwoDigits is what two returns for other bytes: above every limit, also as the century of a year.
const notTwoDigits = 1 << 20

// two reads the two digits at s[i:].
func two(s string, i int) int64 {
	hi, lo := s[i]-'0', s[i+1]-'0'
	if hi > 9 || lo > 9 {
		return notTwoDigits
	}
	return int64(hi)*10 + int64(lo)
}

// fraction reads the digits s starts with; past nine it only counts them, up to ten.
func fraction(s string) (value int64, digits int) {
	for digits < len(s) && digits < 10 && isDigit(s[digits]) {
		if digits < 9 {
			value = value*10 + int64(s[digits]-'0')
		}
		digits++
	}
	return value, digits
}

// fractionUnit is the weight in nanoseconds of the last of n digits.
var fractionUnit = [...]int64{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1}

// zone reads the whole of s as 'Z', "+hh:mm", "+hhmm" or "+hh" into seconds east of Greenwich.
func zone(s string) (offset int64, ok bool) {
	if len(s) == 1 {
		return 0, s[0]|0x20 == 'z'
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	h, m := two(s, 1), int64(0)
	switch {
	case len(s) == 3:
	case len(s) == 5:
		m = two(s, 3)
	case len(s) == 6 && s[3] == ':':
		m = two(s, 4)
	default:
		return 0, false
	}
	if h > 23 || m > 59 {
		return 0, false
	}
	offset = h*3600 + m*60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// monthNumber is 1..12 for "Jan" to "Dec", 0 for anything else.
func monthNumber(s string) int64 {
	switch s {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}

var monthDays = [...]int64{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// daysSinceEpoch counts the days from 1970-01-01 to a date of the Gregorian calendar. ok is false if there is no such
// date, and outside the years that nanoseconds in an int64 touch.
func daysSinceEpoch(year, month, day int64) (days int64, ok bool) {
	if year < 1677 || year > 2262 || month < 1 || month > 12 || day < 1 {
		return 0, false
	}
	last := monthDays[month]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		last = 29
	}
	if day > last {
		return 0, false
	}
	// Counted from March, so that the leap day is the last day of its year and (153m+2)/5 gives the days before a month.
	if month > 2 {
		month -= 3
	} else {
		month += 9
		year--
	}
	const epoch = 719468 // days from 0000-03-01 to 1970-01-01
	return year*365 + year/4 - year/100 + year/400 + (153*month+2)/5 + day - 1 - epoch, true
}

// join is sec seconds and nano (0..999999999) nanoseconds as nanoseconds; ok is false if int64 cannot hold it.
func join(sec, nano int64) (unixNano int64, ok bool) {
	if sec < 0 && nano > 0 {
		// Taken from above, because the last second before the least int64 has no whole number of nanoseconds.
		sec, nano = sec+1, nano-1e9
	}
	const most = 9223372036 // whole seconds in an int64 of nanoseconds
	if sec > most || sec < -most {
		return 0, false
	}
	unixNano = sec*1e9 + nano
	if sec > 0 && unixNano < 0 || sec < 0 && unixNano > 0 {
		return 0, false
	}
	return unixNano, true
}
