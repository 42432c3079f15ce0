package negotiate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	blanks = `[\t ]*`
	// A quoted string, or one that stays open up to the end.
	quoted = `"(?:[^"\\]|\\(?s:.))*(?:"|\\?$)`
	// Text up to a separator outside of quotes.
	upToComma     = `(?:[^",]|` + quoted + `)+`
	upToSemicolon = `(?:[^";]|` + quoted + `)+`
)

var (
	memberForm    = regexp.MustCompile(upToComma)
	parameterForm = regexp.MustCompile(upToSemicolon)
	weightForm    = regexp.MustCompile(`^` + blanks + `[qQ]` + blanks + `(?:$|=` + blanks + `([^\t ]?(?s:.*[^\t ])?)` + blanks + `$)`)
	valueForm     = regexp.MustCompile(`^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$`)
)

// readMembers reads a list by the grammar. Those that are not valid are left out.
func readMembers(accept []string) (members []member) {
	for _, list := range accept {
		for _, text := range memberForm.FindAllString(list, -1) {
			name, parameters := text, ""
			if i := parameterForm.FindStringIndex(text); i != nil && i[0] == 0 {
				name, parameters = text[:i[1]], text[i[1]:]
			} else {
				continue // ";..." has no name
			}
			m := member{name: strings.Trim(name, " \t"), weight: 1000}
			valid, weights := m.name != "", 0
			for _, p := range parameterForm.FindAllString(parameters, -1) {
				w := weightForm.FindStringSubmatch(p)
				if w == nil {
					m.more = m.more || strings.Trim(p, " \t") != ""
					continue
				}
				weights++
				valid = valid && weights == 1 && valueForm.MatchString(w[1])
				if valid {
					f, _ := strconv.ParseFloat(strings.TrimSuffix(w[1], "."), 64)
					m.weight = int(f*1000 + 0.5)
				}
			}
			if valid {
				members = append(members, m)
			}
		}
	}
	return members
}

// asciiLower is ToLower for what the protocol takes for letters.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 32
		}
	}
	return string(b)
}

// FuzzEncoding holds Accept-Encoding against its grammar and RFC 9110 §12.5.3,
// with all weights in a table.
func FuzzEncoding(f *testing.F) {
	for _, list := range []string{"gzip, deflate, br, zstd", "gzip;q=1.0, identity; q=0.5, *;q=0", "*;q=0.5\nx-gzip", "br;q=0.9999,gzip;q=0.1",
		"", "br ; Q = 0.7 ; , gzip", `gzip;a="b,br`, "identity, zstd;q=1.", "gzip;q=0;q=1, *"} {
		f.Add(list)
	}
	available := []string{"br", "zstd", "gzip"}
	f.Fuzz(func(t *testing.T, lines string) {
		accept := strings.Split(lines, "\n")
		listed := map[string]int{}
		for _, m := range readMembers(accept) {
			if name := asciiLower(m.name); !m.more {
				if name == "x-gzip" {
					name = "gzip"
				}
				listed[name] = max(listed[name], m.weight)
			}
		}
		// Pairs of a weight and a rank, the best last; identity ranks lowest.
		choices := []string{fmt.Sprintf("%04d 0 ", listed["identity"])}
		for i, coding := range available {
			weight, ok := listed[coding]
			if !ok {
				weight = listed["*"]
			}
			if weight > 0 {
				choices = append(choices, fmt.Sprintf("%04d %d %s", weight, len(available)-i, coding))
			}
		}
		_, want, _ := strings.Cut(slices.Max(choices)[len("0000 "):], " ")
		if got := Encoding(accept, available); got != want {
			t.Fatalf("Encoding(%q) = %q, want %q", accept, got, want)
		}
		slices.Reverse(accept)
		if got := Encoding(accept, available); got != want {
			t.Fatalf("Encoding(%q) = %q, want %q as with the lines the other way round", accept, got, want)
		}
		if got := Encoding(accept, nil); got != "" {
			t.Fatalf("Encoding(%q, nil) = %q", accept, got)
		}
	})
}

// FuzzMedia holds Accept against its grammar and RFC 9110 §12.5.1.
func FuzzMedia(f *testing.F) {
	for _, list := range []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/*;q=0.3, text/html;level=1, text/html;q=0.7",
		"application/json", "*/*;q=0\ntext/*", `text/html;a=",;q=0\",", application/json;q=0.9`, "", "*; q=.2, */*; q=.2", "APPLICATION/*;q=0.1;x"} {
		f.Add(list)
	}
	offers := []string{"text/html", "application/json", "text/plain; charset=utf-8"}
	f.Fuzz(func(t *testing.T, lines string) {
		accept := strings.Split(lines, "\n")
		members := readMembers(accept)
		want, most := offers[0], 0
		for _, offer := range offers {
			name, _, _ := strings.Cut(offer, ";")
			typ, _, _ := strings.Cut(name, "/")
			weight, named := 0, false
			for precision, as := range []struct {
				name string
				more []bool
			}{{"*/*", []bool{false, true}}, {typ + "/*", []bool{false, true}}, {name, []bool{true}}, {name, []bool{false}}} {
				found, best := false, 0
				for _, m := range members {
					if asciiLower(m.name) == as.name && slices.Contains(as.more, m.more) {
						found, best = true, max(best, m.weight)
					}
				}
				if found { // more precise than what was found before
					weight, named = best, precision >= 2
				}
			}
			if weight > most {
				want, most = offer, weight
			}
			if got := AcceptsByName(accept, name); got != (named && weight > 0) {
				t.Fatalf("AcceptsByName(%q, %q) = %v", accept, name, got)
			}
		}
		if got := Media(accept, offers...); got != want {
			t.Fatalf("Media(%q) = %q, want %q", accept, got, want)
		}
	})
}
