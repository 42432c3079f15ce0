package dirlist

import (
	"slices"
	"strings"

	"example.com/httpserver/internal/pystr"
)

// A nameSorter puts entries in the order of compareNames. It looks at eight bytes of a key at a time: comparing whole
// strings, some thirteen times each in a directory of 10,000, would take longer than reading the directory.
type nameSorter struct {
	entries []Entry
	keys    []string // sortKey of each name; nil where each name is its own
	spare   []word   // as many as there are entries
}

// A word is eight bytes of an entry's key, the first one highest. Behind the end of a key they are zero.
type word struct {
	bytes uint64
	entry int32
}

// shortRun is up to how many entries are sorted by comparing names.
const shortRun = 12

func sortByName(entries []Entry) {
	s := nameSorter{entries: entries}
	for i := range entries {
		name := entries[i].Name
		if s.keys == nil && pystr.IsLowerASCII(name) {
			continue
		}
		if s.keys == nil {
			s.keys = make([]string, len(entries))
			for j := range i {
				s.keys[j] = entries[j].Name
			}
		}
		s.keys[i] = sortKey(name)
	}
	room := wordRooms.Get().(*[]word)
	if cap(*room) < 2*len(entries) {
		*room = make([]word, 2*len(entries))
	}
	words := (*room)[:2*len(entries)]
	if len(entries) <= maxRoom {
		defer wordRooms.Put(room)
	}
	s.spare, words = words[len(entries):], words[:len(entries)]
	for i := range words {
		words[i].entry = int32(i)
	}
	s.sort(words, s.shared())
	s.permute(words)
}

func (s *nameSorter) key(w word) string {
	if s.keys != nil {
		return s.keys[w.entry]
	}
	return s.entries[w.entry].Name
}

func (s *nameSorter) compare(a, b word) int {
	if order := strings.Compare(s.key(a), s.key(b)); order != 0 {
		return order
	}
	return strings.Compare(s.entries[a.entry].Name, s.entries[b.entry].Name)
}

// shared gives how many bytes all keys have in common at their beginning: names of a directory are often numbered.
func (s *nameSorter) shared() int {
	if len(s.entries) == 0 {
		return 0
	}
	first := s.key(word{})
	n := len(first)
	for i := range s.entries {
		key := s.key(word{entry: int32(i)})
		n = min(n, len(key))
		for key[:n] != first[:n] {
			n-- // once for each byte that goes, in all
		}
	}
	return n
}

// sort sorts words whose keys are alike up to depth.
func (s *nameSorter) sort(words []word, depth int) {
	if len(words) <= shortRun {
		if len(words) > 1 {
			slices.SortFunc(words, s.compare)
		}
		return
	}
	for i := range words {
		words[i].bytes = wordAt(s.key(words[i]), depth)
	}
	sortWords(words, s.spare[:len(words)])
	for len(words) > 0 {
		n := 1
		for n < len(words) && words[n].bytes == words[0].bytes {
			n++
		}
		switch {
		case n == 1:
		case words[0].bytes&0xff == 0: // a key may have ended
			slices.SortFunc(words[:n], s.compare)
		default:
			s.sort(words[:n], depth+8)
		}
		words = words[n:]
	}
}

// wordAt gives the eight bytes of key from depth on.
func wordAt(key string, depth int) (bytes uint64) {
	if len(key) >= depth+8 {
		k := key[depth : depth+8]
		return uint64(k[7]) | uint64(k[6])<<8 | uint64(k[5])<<16 | uint64(k[4])<<24 |
			uint64(k[3])<<32 | uint64(k[2])<<40 | uint64(k[1])<<48 | uint64(k[0])<<56
	}
	for i, shift := depth, 56; i < len(key); i, shift = i+1, shift-8 {
		bytes |= uint64(key[i]) << shift
	}
	return bytes
}

// sortWords sorts by bytes, from the last one to the first, each time keeping the order there was: a radix sort. A byte
// that all have alike is passed over.
func sortWords(words, spare []word) {
	differs := uint64(0)
	for _, w := range words {
		differs |= w.bytes ^ words[0].bytes
	}
	from, to := words, spare
	for shift := 0; shift < 64; shift += 8 {
		if byte(differs>>shift) == 0 {
			continue
		}
		var next [256]int32
		for _, w := range from {
			next[byte(w.bytes>>shift)]++
		}
		start := int32(0)
		for i, n := range next {
			next[i] = start
			start += n
		}
		for _, w := range from {
			at := &next[byte(w.bytes>>shift)]
			to[*at] = w
			*at++
		}
		from, to = to, from
	}
	if &from[0] != &words[0] {
		copy(words, from)
	}
}

// permute puts the entries in the order of words, which are of no use afterwards.
func (s *nameSorter) permute(words []word) {
	const done = -1
	for i := range words {
		if words[i].entry == done {
			continue
		}
		first, at := s.entries[i], i
		for {
			from := int(words[at].entry)
			words[at].entry = done
			if from == i {
				s.entries[at] = first
				break
			}
			s.entries[at] = s.entries[from]
			at = from
		}
	}
}
