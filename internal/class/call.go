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
	if len(v.table) > 0 {
		if method := v.table[verb]; method != nil {
			method()
			return true
		}
	}
	if has, known := v.standard(verb, true); known {
		return has
	}
	return v.callBound(verb)
}

// Has reports whether the instance answers a verb.
func (v *Verbs) Has(verb string) bool {
	has, _ := v.standard(verb, false)
	return has || v.table[verb] != nil || v.class.bind(v.instance, verb) != nil
}

// Names gives the verbs that the instance answers: the standard ones first, and
// then the others by the alphabet.
func (v *Verbs) Names() []string {
	var names, others []string
	for _, verb := range standard {
		if has, _ := v.standard(verb, false); has || v.table[verb] != nil {
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
// calls it where call says so. known tells that the verb is a standard one.
func (v *Verbs) standard(verb string, call bool) (has, known bool) {
	switch verb {
	case "GET":
		h, ok := v.instance.(interface{ DoGET() })
		return ok && do(h.DoGET, call), true
	case "HEAD":
		h, ok := v.instance.(interface{ DoHEAD() })
		return ok && do(h.DoHEAD, call), true
	case "POST":
		h, ok := v.instance.(interface{ DoPOST() })
		return ok && do(h.DoPOST, call), true
	case "PUT":
		h, ok := v.instance.(interface{ DoPUT() })
		return ok && do(h.DoPUT, call), true
	case "DELETE":
		h, ok := v.instance.(interface{ DoDELETE() })
		return ok && do(h.DoDELETE, call), true
	case "CONNECT":
		h, ok := v.instance.(interface{ DoCONNECT() })
		return ok && do(h.DoCONNECT, call), true
	case "OPTIONS":
		h, ok := v.instance.(interface{ DoOPTIONS() })
		return ok && do(h.DoOPTIONS, call), true
	case "TRACE":
		h, ok := v.instance.(interface{ DoTRACE() })
		return ok && do(h.DoTRACE, call), true
	case "PATCH":
		h, ok := v.instance.(interface{ DoPATCH() })
		return ok && do(h.DoPATCH, call), true
	}
	return false, false
}

// do calls a method that is there, where call says so. No closure of it is left,
// so method values as arguments cost nothing.
func do(method func(), call bool) bool {
	if call {
		method()
	}
	return true
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
