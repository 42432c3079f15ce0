package urlpath

import "strings"

// nothing is the name of no file, on any system.
const nothing = "\x00"

// localWindows makes words names on Windows, or nothing.
//
// Like CPython, a word with a drive or a backslash is dropped. So is any with a
// colon, by which Windows finds a file's alternate stream.
//
// Unlike CPython, which opens them, a path names nothing if a word means
// something else than a file of that name. Dropping the word would answer with
// the directory that it was asked of.
func localWindows(words []string) []string {
	kept := words[:0]
	for _, word := range words {
		switch {
		case strings.ContainsAny(word, `\:`):
		case !isWindowsName(word):
			return []string{nothing}
		default:
			kept = append(kept, word)
		}
	}
	return kept
}

// isWindowsName reports whether a file may be called word, and word stands for
// no other.
func isWindowsName(word string) bool {
	for i := range len(word) {
		// Wildcards, which some calls obey, and what no name may hold.
		if c := word[i]; c < ' ' || strings.IndexByte(`<>"|?*`, c) >= 0 {
			return false
		}
	}
	// Dots and blanks at the end are taken off: "a.txt." would be another name
	// for a.txt, ".. " the parent and "..." the directory.
	if last := word[len(word)-1]; last == '.' || last == ' ' {
		return false
	}
	return !isDevice(word)
}

// isDevice reports whether word names a device, which it does in any directory
// and, before Windows 11, with any extension.
func isDevice(word string) bool {
	base, _, _ := strings.Cut(word, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	number, ok := strings.CutPrefix(base, "COM")
	if !ok {
		number, ok = strings.CutPrefix(base, "LPT")
	}
	if !ok {
		return false
	}
	switch number {
	case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return true
	}
	return false
}

// IsShortName reports whether word has the form of the second names that Windows
// gives to files beside their own, as GIT~1 to .git:
//
//	1*6char "~" 1*6DIGIT [ "." 1*3char ], no more than eight before the dot
func IsShortName(word string) bool {
	base, ext, _ := strings.Cut(word, ".")
	tilde := strings.LastIndexByte(base, '~')
	if tilde < 1 || len(base) > 8 || len(ext) > 3 || tilde == len(base)-1 {
		return false
	}
	return strings.Trim(base[tilde+1:], "0123456789") == ""
}
