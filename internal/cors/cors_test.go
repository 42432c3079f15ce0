package cors

import (
	"slices"
	"testing"
)

func TestFields(t *testing.T) {
	anyone := []Field{{"Access-Control-Allow-Origin", "*"}, {"Access-Control-Expose-Headers", "*"}, {"Cross-Origin-Resource-Policy", "cross-origin"}}
	nobody := []Field{{"Vary", "Origin"}}
	only := func(origin string) []Field {
		return []Field{{"Vary", "Origin"}, {"Access-Control-Allow-Origin", origin}, {"Access-Control-Expose-Headers", "*"}}
	}
	for _, tc := range []struct {
		name, policy, origin string
		want                 []Field
	}{
		{"anyone", "*", "https://a.example", anyone},
		{"anyone, and no origin", "*", "", anyone},
		{"one", "https://a.example", "https://a.example", only("https://a.example")},
		{"the second", "https://a.example\thttp://b:1", "http://b:1", only("http://b:1")},
		{"none", "https://a.example", "", nobody},
		{"another", "https://a.example", "https://b.example", nobody},
		{"a prefix", "https://a.example", "https://a.exam", nobody},
		{"one with a blank", "https://a.example http://b:1", "https://a.example http://b:1", nobody},
		{"null that was not allowed", "https://a.example", "null", nobody},
		{"null that was", "null", "null", only("null")},
		{"a star among others is no origin", "https://a.example *", "https://b.example", nobody},
		{"no policy", "", "", nobody},
	} {
		if got := Fields(tc.policy, tc.origin); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestPreflight(t *testing.T) {
	methods, age := Field{"Access-Control-Allow-Methods", "GET, HEAD"}, Field{"Access-Control-Max-Age", "7200"}
	for _, tc := range []struct {
		name      string
		requested []string
		want      []Field
	}{
		{"no fields", nil, []Field{methods, age}},
		{"one line", []string{"range,x-a"}, []Field{methods, {"Access-Control-Allow-Headers", "range,x-a"}, age}},
		{"two lines", []string{"range", "x-a"}, []Field{methods, {"Access-Control-Allow-Headers", "range, x-a"}, age}},
	} {
		if got := Preflight("GET, HEAD", tc.requested); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
