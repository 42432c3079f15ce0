package docroot

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
)

// Within reports whether what a path of the disk leads to lies in one of dirs, or
// is one, by whatever name: links, and letters of another case where the file
// system makes no difference, do not matter. Of what cannot be looked at it says
// that it does.
func Within(path string, dirs []string) bool {
	var room [4]place
	places := room[:0]
	for _, dir := range dirs {
		if at, err := placeOf(dir); err == nil {
			places = append(places, at)
		} else if !errors.Is(known("stat", dir, err), fs.ErrNotExist) {
			return true
		}
	}
	if len(places) == 0 {
		return false
	}
	if within, ok := withinPlainly(path, places); ok {
		return within
	}
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return true
	}
	for {
		at, err := placeOf(real)
		if err != nil || slices.ContainsFunc(places, at.is) {
			return true
		}
		parent := filepath.Dir(real)
		if parent == real {
			return false
		}
		real = parent
	}
}
