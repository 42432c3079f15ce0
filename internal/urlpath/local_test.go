package urlpath

import (
	"strings"
	"testing"
)

// TestLocalAll: all short paths come out as they do word by word.
func TestLocalAll(t *testing.T) {
	byWords := func(path string) string {
		var words []string
		for _, word := range strings.Split(path, "/") {
			switch {
			case word == "..":
				words = words[:max(0, len(words)-1)]
			case word != "" && word != ".":
				words = append(words, word)
			}
		}
		return strings.Join(words, "/")
	}
	paths := []string{""}
	for begin, length := 0, 0; length < 8; length++ {
		end := len(paths)
		for _, path := range paths[begin:end] {
			for _, c := range []string{"/", ".", "a"} {
				paths = append(paths, path+c)
			}
		}
		begin = end
	}
	for _, path := range paths {
		if got, want := Local(path, false), byWords(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}
