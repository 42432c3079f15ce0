package class

import "strings"

// verb gives the verb that a method of this name answers:
//
//	"Do" ALPHA *( ALPHA / DIGIT / "_" ), in capitals
//
// So Done, Domain and DoTask are no verbs.
func verb(method string) (string, bool) {
	name, ok := strings.CutPrefix(method, "Do")
	if !ok || name == "" {
		return "", false
	}
	for i := range len(name) {
		c := name[i]
		if !('A' <= c && c <= 'Z' || i > 0 && ('0' <= c && c <= '9' || c == '_')) {
			return "", false
		}
	}
	return name, true
}

// meantVerb gives the verb that a method was most likely meant for whose name
// has it in other letters than capitals, as DoGet has GET.
func meantVerb(method string) string {
	for _, v := range standard {
		if strings.HasPrefix(method, "Do") && strings.EqualFold(method[2:], v) {
			return v
		}
	}
	return ""
}
