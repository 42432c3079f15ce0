package docroot

import "io/fs"

// Facts are what is said of a file of the disk that is the same as long as the file
// is: they are made once for one of [Files].
type Facts struct {
	Tag    string // its entity tag, a strong one
	Length string // its size in decimal
}

// FactsOf gives the Facts of a file that is one of Files, or nil.
func FactsOf(f fs.File) *Facts { return factsOf(f) }
