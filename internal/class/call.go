package class

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

// Call calls the method for a verb, or reports that there is none. The methods
// of RFC 9110 and RFC 5789 are found by type assertion, which costs next to
// nothing; others in the table or, once for an instance, by reflection.
func (v *Verbs) Call(verb string) bool {
	if method := v.table[verb]; method != nil {
		method()
		return true
	}
	switch verb {
	case "GET":
		if h, ok := v.instance.(interface{ DoGET() }); ok {
			h.DoGET()
			return true
		}
	case "HEAD":
		if h, ok := v.instance.(interface{ DoHEAD() }); ok {
			h.DoHEAD()
			return true
		}
	case "POST":
		if h, ok := v.instance.(interface{ DoPOST() }); ok {
			h.DoPOST()
			return true
		}
	case "PUT":
		if h, ok := v.instance.(interface{ DoPUT() }); ok {
			h.DoPUT()
			return true
		}
	case "DELETE":
		if h, ok := v.instance.(interface{ DoDELETE() }); ok {
			h.DoDELETE()
			return true
		}
	case "CONNECT":
		if h, ok := v.instance.(interface{ DoCONNECT() }); ok {
			h.DoCONNECT()
			return true
		}
	case "OPTIONS":
		if h, ok := v.instance.(interface{ DoOPTIONS() }); ok {
			h.DoOPTIONS()
			return true
		}
	case "TRACE":
		if h, ok := v.instance.(interface{ DoTRACE() }); ok {
			h.DoTRACE()
			return true
		}
	case "PATCH":
		if h, ok := v.instance.(interface{ DoPATCH() }); ok {
			h.DoPATCH()
			return true
		}
	default:
		return v.callBound(verb)
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
