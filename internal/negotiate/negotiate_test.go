package negotiate

import (
	"strings"
	"testing"
)

func TestEncoding(t *testing.T) {
	ours := []string{"br", "zstd", "gzip"}
	gzip := []string{"gzip"}
	type row struct {
		name      string
		accept    []string
		available []string
		want      string
	}
	for section, rows := range map[string][]row{
		"RFC 9110 §12.4.1 absence": {
			{"no field", nil, ours, ""},
			{"nothing acceptable", []string{"compress"}, ours, ""},
			{"nothing acceptable at all", []string{"identity;q=0, *;q=0"}, ours, ""},
			{"nothing available", []string{"gzip"}, nil, ""},
			{"a lot available", []string{"i"}, []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"}, "i"},
		},
		"RFC 9110 §12.4.2 quality values": {
			{"the greatest", []string{"br;q=0.5, gzip;q=0.8, zstd;q=0.7"}, ours, "gzip"},
			{"the greatest by a thousandth", []string{"br;q=0.998, gzip;q=0.999"}, ours, "gzip"},
			{"no weight is 1", []string{"br;q=0.999, gzip"}, ours, "gzip"},
			{"as great: our order", []string{"gzip, zstd, br"}, ours, "br"},
			{"as great in other digits: our order", []string{"gzip;q=1.000, br;q=1."}, ours, "br"},
			{"0 is not acceptable", []string{"br;q=0, zstd;q=0.000, gzip;q=0.001"}, ours, "gzip"},
			{"0. is not acceptable", []string{"gzip;q=0."}, gzip, ""},
			{"blanks", []string{"br ;\tq=0.1 , gzip; q=0.2"}, ours, "gzip"},
			{"Q", []string{"br;Q=0.1,gzip"}, ours, "gzip"},
			{"four digits: ignored", []string{"br;q=0.9999, gzip;q=0.1"}, ours, "gzip"},
			{"above 1: ignored", []string{"br;q=1.001, gzip;q=0.1"}, ours, "gzip"},
			{"2: ignored", []string{"br;q=2, gzip;q=0.1"}, ours, "gzip"},
			{"no digit before the point: ignored", []string{"br;q=.9, gzip;q=0.1"}, ours, "gzip"},
			{"no number: ignored", []string{"br;q=high, gzip;q=0.1"}, ours, "gzip"},
			{"no digit at all: ignored", []string{"br;q=, zstd;q, gzip;q=0.1"}, ours, "gzip"},
			{"a sign: ignored", []string{"br;q=-1, zstd;q=+1, gzip;q=0.1"}, ours, "gzip"},
			{"two points: ignored", []string{"br;q=0..9, gzip;q=0.1"}, ours, "gzip"},
			{"two weights: ignored", []string{"br;q=1;q=1, gzip;q=0.1"}, ours, "gzip"},
			{"another parameter: ignored", []string{"br;level=9, gzip;q=0.1"}, ours, "gzip"},
		},
		"RFC 9110 §12.5.3 Accept-Encoding": {
			{"the first example", []string{"compress, gzip"}, ours, "gzip"},
			{"the second example", []string{""}, ours, ""},
			{"the third example", []string{"*"}, ours, "br"},
			{"the fourth example", []string{"compress;q=0.5, gzip;q=1.0"}, ours, "gzip"},
			{"the fifth example", []string{"gzip;q=1.0, identity; q=0.5, *;q=0"}, ours, "gzip"},
			{"the fifth example, without gzip", []string{"gzip;q=1.0, identity; q=0.5, *;q=0"}, ours[:2], ""},
			{"a browser", []string{"gzip, deflate, br, zstd"}, ours, "br"},
			{"a browser, of a file that is there as gzip", []string{"gzip, deflate, br, zstd"}, gzip, "gzip"},
			{"several lines", []string{"br;q=0.1", "", "gzip"}, ours, "gzip"},
			{"empty members", []string{", ,gzip,,"}, ours, "gzip"},
			{"in another case", []string{"GZip"}, ours, "gzip"},
			{"x-gzip (RFC 9110 §8.4.1.3)", []string{"X-GZIP"}, ours, "gzip"},
			{"part of a name", []string{"gzi, gzipp, b"}, ours, ""},
			{"* is for what is not listed", []string{"br;q=0, *"}, ours, "zstd"},
			{"* is for what is not listed, with its weight", []string{"*;q=0.5, gzip"}, ours, "gzip"},
			{"* is not for what is listed and not available", []string{"gzip, *;q=0"}, ours[:2], ""},
			{"identity beside a coding", []string{"identity, gzip"}, ours, "gzip"},
			{"identity with the greatest weight", []string{"gzip;q=0.5, identity"}, ours, ""},
			{"identity with less", []string{"gzip;q=0.5, identity;q=0.4"}, ours, "gzip"},
			{"identity is none of *", []string{"gzip;q=0.5, *;q=0.8"}, gzip, "gzip"},
			{"identity alone", []string{"identity"}, ours, ""},
			{"the greater of two weights", []string{"br;q=0.1, gzip;q=0.5, br;q=0.9"}, ours, "br"},
			{"words that are not separate", []string{"br gzip"}, ours, ""},
		},
	} {
		t.Run(section, func(t *testing.T) {
			for _, tt := range rows {
				if got := Encoding(tt.accept, tt.available); got != tt.want {
					t.Errorf("%s: Encoding(%q, %q) = %q, want %q", tt.name, tt.accept, tt.available, got, tt.want)
				}
			}
		})
	}
}

func TestMedia(t *testing.T) {
	const html, json = "text/html", "application/json"
	type row struct {
		name   string
		accept []string
		offers []string
		want   string
	}
	for section, rows := range map[string][]row{
		"RFC 9110 §12.4.1 absence": {
			{"no field", nil, []string{html, json}, html},
			{"empty", []string{""}, []string{html, json}, html},
			{"nothing acceptable", []string{"image/png"}, []string{html, json}, html},
			{"nothing acceptable at all", []string{"*/*;q=0"}, []string{html, json}, html},
			{"nothing valid", []string{"json, *, text/html;q=x"}, []string{json, html}, json},
			{"no offers", []string{"*/*"}, nil, ""},
		},
		"RFC 9110 §12.5.1 Accept": {
			{"by name", []string{"application/json"}, []string{html, json}, json},
			{"in another case", []string{"Application/JSON"}, []string{html, json}, json},
			{"by its type", []string{"application/*"}, []string{html, json}, json},
			{"part of a type", []string{"applicatio/*, app/json, application/jso"}, []string{html, json}, html},
			{"any", []string{"*/*"}, []string{html, json}, html},
			{"any subtype of any type but one", []string{"text/html;q=0, */*"}, []string{html, json}, json},
			{"as good: the order of the offers", []string{"application/json, text/html"}, []string{html, json}, html},
			{"less good", []string{"text/html;q=0.5, application/json;q=0.6"}, []string{html, json}, json},
			{"a browser", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, []string{json, html}, html},
			{"Java", []string{"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"}, []string{json, html}, html},
			{"several lines", []string{"text/html;q=0.5", "application/json"}, []string{html, json}, json},
			{"a parameter", []string{"application/json;charset=utf-8, text/html;q=0.9"}, []string{html, json}, json},
			{"the weight before a parameter", []string{"application/json;q=0.1;charset=utf-8, text/html;q=0.9"}, []string{json, html}, html},
			{"the greater of two weights", []string{"application/json;q=0.1, text/html;q=0.5, application/json;q=0.9"}, []string{html, json}, json},
			{"an offer's parameter", []string{"application/json"}, []string{html, "application/json; charset=utf-8"}, "application/json; charset=utf-8"},
			{"separators in quotes", []string{`text/html;a=",;q=0\",", application/json;q=0.9`}, []string{json, html}, html},
			{"quotes that stay open", []string{`text/plain;a=", application/json`}, []string{html, json}, html},
			{"the first example", []string{"audio/*; q=0.2, audio/basic"}, []string{"audio/ogg", "audio/basic"}, "audio/basic"},
			{"the first example, for want of a better", []string{"audio/*; q=0.2, audio/basic"}, []string{"text/plain", "audio/ogg"}, "audio/ogg"},
			{"the second example", []string{"text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c"}, []string{"text/plain", "text/x-dvi", "text/x-c"}, "text/x-c"},
			{"the second example, without it", []string{"text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c"}, []string{"text/plain", "text/x-dvi"}, "text/x-dvi"},
		},
	} {
		t.Run(section, func(t *testing.T) {
			for _, tt := range rows {
				if got := Media(tt.accept, tt.offers...); got != tt.want {
					t.Errorf("%s: Media(%q, %q) = %q, want %q", tt.name, tt.accept, tt.offers, got, tt.want)
				}
			}
		})
	}
}

func TestMediaWeight(t *testing.T) {
	t.Run("RFC 9110 §12.5.1 Table 5", func(t *testing.T) {
		// The rows whose type has parameters are left out: we offer none.
		accept := []string{"text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed,\ttext/plain;format=fixed;q=0.4, */*;q=0.5"}
		for _, tt := range []struct {
			mediaType         string
			precision, weight int
		}{
			{"text/plain", exact, 700},
			{"text/html", anySubtype, 300},
			{"image/jpeg", anyType, 500},
		} {
			if precision, weight := mediaWeight(accept, tt.mediaType); precision != tt.precision || weight != tt.weight {
				t.Errorf("%s: %d, %d, want %d, %d", tt.mediaType, precision, weight, tt.precision, tt.weight)
			}
		}
	})
}

func TestAcceptsByName(t *testing.T) {
	t.Run("RFC 9110 §12.5.1 media ranges that are no wildcard", func(t *testing.T) {
		for _, tt := range []struct {
			name   string
			accept []string
			want   bool
		}{
			{"no field", nil, false},
			{"empty", []string{""}, false},
			{"itself", []string{"text/html"}, true},
			{"in another case", []string{"TEXT/HTML"}, true},
			{"in another line", []string{"image/png", "text/html"}, true},
			{"with a parameter", []string{"text/html;charset=utf-8"}, true},
			{"of little weight", []string{"text/html;q=0.001"}, true},
			{"of none", []string{"text/html;q=0"}, false},
			{"of none, beside a wildcard", []string{"*/*, text/html;q=0"}, false},
			{"any subtype", []string{"text/*"}, false},
			{"any", []string{"*/*"}, false},
			{"another", []string{"text/htm, xtext/html"}, false},
			{"not valid", []string{"text/html;q=2"}, false},
			{"a browser that navigates", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, true},
			{"a script that fetches", []string{"*/*"}, false},
		} {
			if got := AcceptsByName(tt.accept, "text/html"); got != tt.want {
				t.Errorf("%s: AcceptsByName(%q) = %v", tt.name, tt.accept, got)
			}
		}
	})
}

func TestAllocs(t *testing.T) {
	encodings, ours := []string{"gzip, deflate, br;q=0.9, zstd"}, []string{"br", "zstd", "gzip"}
	types := []string{`text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8`}
	n := testing.AllocsPerRun(100, func() {
		Encoding(encodings, ours)
		Media(types, "text/html", "application/json")
		AcceptsByName(types, "text/html")
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkEncoding(b *testing.B) {
	available := []string{"br", "zstd", "gzip"}
	for _, bb := range []struct {
		name   string
		accept []string
	}{
		{"none", nil},
		{"a browser", []string{"gzip, deflate, br, zstd"}},
		{"64 KiB", []string{strings.Repeat("x;q=0.1,", 8192)}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Encoding(bb.accept, available)
			}
		})
	}
}

func BenchmarkMedia(b *testing.B) {
	accept := []string{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}
	b.ReportAllocs()
	for b.Loop() {
		Media(accept, "text/html", "application/json")
	}
}
