package class

import "slices"

// Verbs calls the methods of one instance by the verb they answer. It is for
// one goroutine.
type Verbs struct {
	class    *Class
	instance any
	table    map[string]func()
	bound    map[string]func() // what was looked up by reflection
}

// Verbs gives the verbs of an instance of c: those of table, and those that
// its type defines.
func (c *Class) Verbs(instance any, table map[string]func()) *Verbs {
	return &Verbs{class: c, instance: instance, table: table}
}

// Call calls the method for a verb, or reports that there is none. The standard
// methods are found by type assertion, which costs next to nothing; others in the
// table or, once for an instance, by reflection.
func (v *Verbs) Call(verb string) bool {
	if method := v.table[verb]; method != nil {
		method()
		return true
	}
	if slices.Contains(standard, verb) {
		return v.standard(verb, true)
	}
	return v.callBound(verb)
}

// Names gives the verbs that the instance answers: the standard ones first, and
// then the others by the alphabet.
func (v *Verbs) Names() []string {
	var names, others []string
	for _, verb := range standard {
		if v.table[verb] != nil || v.standard(verb, false) {
			names = append(names, verb)
		}
	}
	for verb, method := range v.table {
		if method != nil && !slices.Contains(standard, verb) {
			others = append(others, verb)
		}
	}
	for verb := range v.class.verbs {
		if !slices.Contains(standard, verb) && v.table[verb] == nil {
			others = append(others, verb)
		}
	}
	slices.Sort(others)
	return append(names, others...)
}

// standard are the methods of RFC 9110 §9.3 and RFC 5789.
var standard = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// standard reports whether the instance has the method for a standard verb, and
// calls it where call says so.
func (v *Verbs) standard(verb string, call bool) bool {
	switch verb {
	case "GET":
		h, ok := v.instance.(interface{ DoGET() })
		if ok && call {
			h.DoGET()
		}
		return ok
	case "HEAD":
		h, ok := v.instance.(interface{ DoHEAD() })
		if ok && call {
			h.DoHEAD()
		}
		return ok
	case "POST":
		h, ok := v.instance.(interface{ DoPOST() })
		if ok && call {
			h.DoPOST()
		}
		return ok
	case "PUT":
		h, ok := v.instance.(interface{ DoPUT() })
		if ok && call {
			h.DoPUT()
		}
		return ok
	case "DELETE":
		h, ok := v.instance.(interface{ DoDELETE() })
		if ok && call {
			h.DoDELETE()
		}
		return ok
	case "CONNECT":
		h, ok := v.instance.(interface{ DoCONNECT() })
		if ok && call {
			h.DoCONNECT()
		}
		return ok
	case "OPTIONS":
		h, ok := v.instance.(interface{ DoOPTIONS() })
		if ok && call {
			h.DoOPTIONS()
		}
		return ok
	case "TRACE":
		h, ok := v.instance.(interface{ DoTRACE() })
		if ok && call {
			h.DoTRACE()
		}
		return ok
	case "PATCH":
		h, ok := v.instance.(interface{ DoPATCH() })
		if ok && call {
			h.DoPATCH()
		}
		return ok
	}
	return false
}

func (v *Verbs) callBound(verb string) bool {
	method, ok := v.bound[verb]
	if !ok {
		if method = v.class.bind(v.instance, verb); method == nil {
			return false // not kept: the client could fill the map with names
		}
		if v.bound == nil {
			v.bound = map[string]func(){}
		}
		v.bound[verb] = method
	}
	method()
	return true
}
