//go:build !httpserver_noreflect

package class

import (
	"fmt"
	"reflect"
)

// Looking methods up by reflection makes the linker keep every exported method
// of every type in the program, whether called or not: it adds 20 to 31 % to a
// small one. The build tag httpserver_noreflect leaves it out, and with it the
// verbs that no type assertion finds: they go into MethodTable then.

// verbsOf gives the index of the method that answers each verb of t.
func verbsOf(t reflect.Type) (map[string]int, error) {
	var verbs map[string]int
	for i := range t.NumMethod() {
		m := t.Method(i)
		name, ok := verb(m.Name)
		plain := m.Type.NumIn() == 1 && m.Type.NumOut() == 0
		if !ok {
			if meant := meantVerb(m.Name); meant != "" && plain {
				return nil, fmt.Errorf("%v.%s answers nothing: verbs are in capitals, Do%s", t, m.Name, meant)
			}
			continue
		}
		if _, byValue := t.Elem().MethodByName(m.Name); byValue {
			return nil, fmt.Errorf("%v.%s has a value receiver, and what it does to the handler would be lost: write *%v", t.Elem(), m.Name, t.Elem())
		}
		if !plain {
			return nil, fmt.Errorf("%v.%s answers the verb %s and so takes no arguments and gives no results", t, m.Name, name)
		}
		if verbs == nil {
			verbs = map[string]int{}
		}
		verbs[name] = i
	}
	return verbs, nil
}

func bind(instance any, i int) func() {
	return reflect.ValueOf(instance).Method(i).Interface().(func())
}

// Missing names the first method of want, an interface, that t lacks or has
// with another signature.
func Missing(t, want reflect.Type) error {
	for i := range want.NumMethod() {
		w := want.Method(i)
		if !w.IsExported() {
			continue
		}
		if m, ok := t.MethodByName(w.Name); !ok || !sameSignature(m.Type, w.Type) {
			return fmt.Errorf("%v.%s overrides a hook and so has the signature %v", t, w.Name, w.Type)
		}
	}
	return fmt.Errorf("%v does not override what %v wants", t, want)
}

// sameSignature compares a method's type, whose first argument is the
// receiver, with that of an interface's method, which has none.
func sameSignature(method, want reflect.Type) bool {
	if method.NumIn() != want.NumIn()+1 || method.NumOut() != want.NumOut() || method.IsVariadic() != want.IsVariadic() {
		return false
	}
	for i := range want.NumIn() {
		if method.In(i+1) != want.In(i) {
			return false
		}
	}
	for i := range want.NumOut() {
		if method.Out(i) != want.Out(i) {
			return false
		}
	}
	return true
}
