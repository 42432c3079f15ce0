package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

const tableHead = "| attack | server | ordinary requests, longest wait | connections ended | memory in use, each | most resident | processor |\n" +
	"|---|---|---|---|---|---|---|\n"

// writeRow writes a result as a row of the table.
func (r *result) writeRow(w io.Writer) {
	fmt.Fprintf(w, "| %s | %s | %s | %s | %s | +%s | %s in %s |\n", r.label(), r.server, r.requestsText(), r.endsText(),
		r.inUseText(), size(r.resident), seconds(r.cpu), seconds(r.measured))
}

// label is the scenario's title with its count.
func (r *result) label() string {
	label := strings.Replace(r.title, "%d", thousands(r.count), 1)
	if r.lowered {
		label += " (fewer than meant: `ulimit -n` is " + strconv.Itoa(ownDescriptors()) + ")"
	}
	return label
}

func (r *result) requestsText() string {
	text := fmt.Sprintf("%s, %s", thousands(r.requests.answered), seconds(r.requests.worst))
	if r.requests.failed > 0 {
		text = fmt.Sprintf("%s failed, %s", thousands(r.requests.failed), text)
	}
	return text
}

// endsText says how many connections the server ended, when, and with what
// answers, where that is what matters; and what the attack noted.
func (r *result) endsText() string {
	var parts []string
	if r.mustEnd || r.mustKeep || r.early {
		parts = append(parts, r.someEnded())
	}
	return strings.Join(append(parts, r.notes...), "; ")
}

func (r *result) someEnded() string {
	if len(r.ends) == 0 {
		return "none in " + seconds(r.watched)
	}
	many := "all"
	if len(r.ends) < r.opened {
		many = fmt.Sprintf("%s of %s", thousands(len(r.ends)), thousands(r.opened))
	}
	if r.early {
		many += " early"
	}
	first, last := r.ends[0].after, r.ends[0].after
	for _, e := range r.ends {
		first, last = min(first, e.after), max(last, e.after)
	}
	return fmt.Sprintf("%s after %s to %s%s", many, seconds(first), seconds(last), r.statuses())
}

// statuses lists the answers that came before the end.
func (r *result) statuses() string {
	var all []string
	for _, e := range r.ends {
		if e.status != "" && !slices.Contains(all, e.status) {
			all = append(all, e.status)
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return " (" + strings.Join(all, ", ") + ")"
}

// inUseText is memory for each connection where there are some that stand at the
// same time.
func (r *result) inUseText() string {
	if r.opened == 0 || r.each == 0 {
		return "+" + size(r.inUse) + " in all"
	}
	return size(r.inUse / int64(r.opened))
}

// thousands writes a number with commas.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// seconds writes a time as a table wants it: to a millisecond below a second,
// and to a tenth of a second above.
func seconds(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}

// size writes bytes in the unit that fits.
func size(n int64) string {
	switch {
	case n < 10*kilobyte:
		return strconv.FormatFloat(float64(n)/kilobyte, 'f', 1, 64) + " KiB"
	case n < megabyte:
		return strconv.FormatInt(n/kilobyte, 10) + " KiB"
	}
	return strconv.FormatFloat(float64(n)/megabyte, 'f', 1, 64) + " MiB"
}
