package negotiate

import (
	"iter"
	"strings"

	"example.com/httpserver/internal/http1"
)

// A member is one of a list of preferences.
type member struct {
	name   string
	weight int  // 0 to 1000
	more   bool // it has parameters beside its weight
}

// members gives the members of a list that goes over several lines, without
// those that are not valid.
func members(lines []string) iter.Seq[member] {
	return func(yield func(member) bool) {
		for _, rest := range lines {
			for rest != "" {
				var text string
				text, rest = cut(rest, ',')
				if m, ok := parseMember(text); ok && !yield(m) {
					return
				}
			}
		}
	}
}

// parseMember reads a member of a list and its weight (RFC 9110 §12.4.2):
//
//	weight = OWS ";" OWS "q=" qvalue
//
// A parameter q is the weight wherever it stands (§12.5.1). Two are none.
func parseMember(s string) (m member, ok bool) {
	name, parameters := cut(s, ';')
	m = member{name: name, weight: 1000}
	weighted := false
	for parameters != "" {
		var p string
		p, parameters = cut(parameters, ';')
		name, value, _ := strings.Cut(p, "=")
		switch {
		case p == "":
		case !http1.EqualName(http1.TrimOWS(name), "q"):
			m.more = true
		case weighted:
			return member{}, false
		default:
			if m.weight, weighted = parseWeight(http1.TrimOWS(value)); !weighted {
				return member{}, false
			}
		}
	}
	return m, name != ""
}

// parseWeight reads a weight in thousandths:
//
//	qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
func parseWeight(s string) (weight int, ok bool) {
	const longest = "0.000"
	if s == "" || len(s) > len(longest) || len(s) > 1 && s[1] != '.' {
		return 0, false
	}
	whole, places := s[:1], s[min(2, len(s)):]
	for _, c := range []byte(whole + places + longest[len("0.")+len(places):]) {
		if c < '0' || '9' < c {
			return 0, false
		}
		weight = weight*10 + int(c-'0')
	}
	return weight, weight <= 1000
}

// cut gives what stands before the first separator that is not in a quoted
// string (RFC 9110 §5.6.4), without the blanks around it, and what follows it.
func cut(s string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == separator && !quoted:
			return http1.TrimOWS(s[:i]), s[i+1:]
		}
	}
	return http1.TrimOWS(s), ""
}
