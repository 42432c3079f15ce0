package dirlist

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/httpserver/internal/pystr"
)

// An Order is how a listing is sorted: by a column, up or down, with directories first whatever the direction. The zero
// value is by name.
type Order struct {
	by         column
	descending bool
}

// A column is what an Order goes by.
type column int

const (
	byName column = iota
	bySize
	byTime
)

// columns are the words for each column in a query.
var columns = [...]string{byName: "name", bySize: "size", byTime: "time"}

// ParseOrder reads the query of a request target, without its question mark: sort=name|size|time and
// order=asc|desc, the first of each. A column it does not know makes the zero Order.
func ParseOrder(query string) Order {
	var by, direction string
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		switch {
		case key == "sort" && by == "":
			by = value
		case key == "order" && direction == "":
			direction = value
		}
	}
	i := slices.Index(columns[:], cmp.Or(by, columns[byName]))
	if i < 0 {
		return Order{}
	}
	return Order{column(i), direction == "desc"}
}

// query is what ParseOrder reads, with its question mark and as HTML; for the zero Order there is none.
func (o Order) query() string {
	if o == (Order{}) {
		return ""
	}
	return "?sort=" + columns[o.by] + "&amp;order=" + o.direction()
}

func (o Order) direction() string {
	if o.descending {
		return "desc"
	}
	return "asc"
}

// Sort sorts entries. What is not known stands last in both directions, and what is equal goes by name, upwards.
// Directories have no size.
func (o Order) Sort(entries []Entry) {
	sortKeyed(entries, func(a, b keyedEntry) int {
		if order := trueFirst(a.Dir, b.Dir); order != 0 {
			return order
		}
		if order := o.compare(a, b); order != 0 {
			return order
		}
		return compareNames(a, b)
	})
}

func (o Order) compare(a, b keyedEntry) (order int) {
	switch o.by {
	case byName:
		order = compareNames(a, b)
	case bySize:
		if !a.hasSize() || !b.hasSize() {
			return trueFirst(a.hasSize(), b.hasSize())
		}
		order = cmp.Compare(a.Size, b.Size)
	case byTime:
		if !a.hasTime() || !b.hasTime() {
			return trueFirst(a.hasTime(), b.hasTime())
		}
		order = a.Modified.Compare(b.Modified)
	}
	if o.descending {
		return -order
	}
	return order
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// Sort orders entries by name without regard to case, as CPython's key name.lower() does.
//
// Unlike CPython, names that differ in case alone follow in byte order: its order is the file system's.
func Sort(entries []Entry) { sortByName(entries) }

// A keyedEntry is an Entry with the lower case of its name, which is made once and not for each comparison.
type keyedEntry struct {
	key string
	*Entry
}

func sortKeyed(entries []Entry, compare func(a, b keyedEntry) int) {
	keyed := make([]keyedEntry, len(entries))
	unsorted := slices.Clone(entries)
	for i := range unsorted {
		keyed[i] = keyedEntry{sortKey(unsorted[i].Name), &unsorted[i]}
	}
	slices.SortFunc(keyed, compare)
	for i, k := range keyed {
		entries[i] = *k.Entry
	}
}

func compareNames(a, b keyedEntry) int {
	if order := strings.Compare(a.key, b.key); order != 0 {
		return order
	}
	return strings.Compare(a.Name, b.Name)
}

// sortKey returns a string whose byte order is the code point order of name.lower(). UTF-8 has that order by itself,
// but Python reads a byte that is none as one of the surrogates U+DC80 to U+DCFF.
func sortKey(name string) string {
	if pystr.IsLowerASCII(name) {
		return name
	}
	lower := pystr.Lower(name)
	if utf8.ValidString(lower) {
		return lower
	}
	var key []byte
	for i := 0; i < len(lower); {
		r, n := utf8.DecodeRuneInString(lower[i:])
		if c := lower[i]; r == utf8.RuneError && n == 1 {
			key = append(key, 0xed, 0xb0|c>>6, 0x80|c&0x3f) // U+DC00 + c, as UTF-8 would have it
		} else {
			key = append(key, lower[i:i+n]...)
		}
		i += n
	}
	return string(key)
}
