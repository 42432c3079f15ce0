// Package negotiate chooses among what there is by what a request prefers: a
// content coding by Accept-Encoding, a media type by Accept (RFC 9110 §12).
//
// Where nothing is acceptable the field is disregarded (§12.4.1), and so is a
// member of a list that is not valid.
package negotiate

import (
	"strings"

	"example.com/httpserver/internal/http1"
)

// Encoding gives the content coding of available, which stand in the order of
// our own preference, that a request prefers, or "" for none, which is the
// identity coding. accept are the values of Accept-Encoding; without any, the
// client may not know what a coding is (RFC 9110 §12.5.3):
//
//	Accept-Encoding = #( codings [ weight ] )
//	codings         = content-coding / "identity" / "*"
//
// Identity is what is left, unless it is listed with the greatest weight.
func Encoding(accept []string, available []string) string {
	const unlisted = -1
	var store [8]int
	weights := store[:0] // one for each coding that is available
	for range available {
		weights = append(weights, unlisted)
	}
	others, identity := 0, 0
	for m := range members(accept) {
		switch {
		case m.more:
		case m.name == "*":
			others = max(others, m.weight)
		case http1.EqualName(m.name, "identity"):
			identity = max(identity, m.weight)
		default:
			if http1.EqualName(m.name, "x-gzip") { // RFC 9110 §8.4.1.3
				m.name = "gzip"
			}
			for i, coding := range available {
				if http1.EqualName(m.name, coding) {
					weights[i] = max(weights[i], m.weight)
				}
			}
		}
	}
	best, most := "", 0
	for i, weight := range weights {
		if weight == unlisted {
			weight = others
		}
		if weight > most {
			best, most = available[i], weight
		}
	}
	if identity > most {
		return ""
	}
	return best
}

// Media gives the media type of offers that a request prefers: the first of
// them where it prefers none. accept are the values of Accept (RFC 9110
// §12.5.1):
//
//	Accept      = #( media-range [ weight ] )
//	media-range = ( "*/*" / ( type "/" "*" ) / ( type "/" subtype ) ) parameters
//
// Parameters are not compared, be they of a range or of an offer.
func Media(accept []string, offers ...string) string {
	best, most := "", -1
	for _, offer := range offers {
		if _, weight := mediaWeight(accept, offer); weight > most {
			best, most = offer, weight
		}
	}
	return best
}

// AcceptsByName reports whether a request accepts a media type by its name: a
// "*" that is for any type does not say that the client had this one in mind.
func AcceptsByName(accept []string, mediaType string) bool {
	precision, weight := mediaWeight(accept, mediaType)
	return precision >= exactWithParameters && weight > 0
}

// How precisely a media range matches a media type without parameters. A range
// that has some is meant for something more special (RFC 9110 §12.5.1, Table
// 5), but better than one for any subtype.
const (
	none = iota
	anyType
	anySubtype
	exactWithParameters
	exact
)

// mediaWeight finds the weight of a media type, which is that of the media range
// that matches it most precisely.
func mediaWeight(accept []string, mediaType string) (precision, weight int) {
	mediaType, _ = cut(mediaType, ';')
	for m := range members(accept) {
		switch p := m.match(mediaType); {
		case p == none:
		case p > precision:
			precision, weight = p, m.weight
		case p == precision:
			weight = max(weight, m.weight)
		}
	}
	return precision, weight
}

// match says how precisely m, as a media range, matches a media type.
func (m member) match(mediaType string) (precision int) {
	if m.name == "*/*" {
		return anyType
	}
	if http1.EqualName(m.name, mediaType) {
		if m.more {
			return exactWithParameters
		}
		return exact
	}
	if typ, ok := strings.CutSuffix(m.name, "/*"); ok && len(typ) < len(mediaType) &&
		mediaType[len(typ)] == '/' && http1.EqualName(typ, mediaType[:len(typ)]) {
		return anySubtype
	}
	return none
}
