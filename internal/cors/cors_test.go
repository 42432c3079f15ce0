package cors

import (
	"slices"
	"testing"
)

type field struct{ name, value string }

// sent gives what is sent.
func sent(by func(send func(name, value string))) (fields []field) {
	by(func(name, value string) { fields = append(fields, field{name, value}) })
	return fields
}

func TestSend(t *testing.T) {
	anyone := []field{{"Access-Control-Allow-Origin", "*"}, {"Access-Control-Expose-Headers", "*"}, {"Cross-Origin-Resource-Policy", "cross-origin"}}
	nobody := []field{{"Vary", "Origin"}}
	only := func(origin string) []field {
		return []field{{"Vary", "Origin"}, {"Access-Control-Allow-Origin", origin}, {"Access-Control-Expose-Headers", "*"}}
	}
	for _, tc := range []struct {
		name, policy, origin string
		want                 []field
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
		if got := sent(func(send func(name, value string)) { Send(tc.policy, tc.origin, send) }); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestPreflight(t *testing.T) {
	methods, age := field{"Access-Control-Allow-Methods", "GET, HEAD"}, field{"Access-Control-Max-Age", "7200"}
	for _, tc := range []struct {
		name      string
		requested []string
		want      []field
	}{
		{"no fields", nil, []field{methods, age}},
		{"one line", []string{"range,x-a"}, []field{methods, {"Access-Control-Allow-Headers", "range,x-a"}, age}},
		{"two lines", []string{"range", "x-a"}, []field{methods, {"Access-Control-Allow-Headers", "range, x-a"}, age}},
	} {
		if got := sent(func(send func(name, value string)) { Preflight("GET, HEAD", tc.requested, send) }); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
