// Package class looks at a handler's type as Python looks at a class: how it is
// built, whether instances of it can be made, and which verbs it defines.
package class

import (
	"fmt"
	"reflect"
	"sync"
)

// A Class is what there is to know about a handler's type. It may be used by
// any goroutine.
type Class struct {
	typ   reflect.Type // the struct
	verbs map[string]int
	fault error // why it is no handler
	held  error // why it cannot be copied

	// Who calls the methods of these names.
	Handle, HandleOneRequest Caller
}

// classes holds a *Class for each type that was looked at.
var classes sync.Map

// Of gives the class of handler. base is the type that handlers embed.
func Of(handler any, base reflect.Type) *Class {
	t := reflect.TypeOf(handler)
	if c, ok := classes.Load(t); ok {
		return c.(*Class)
	}
	c := &Class{}
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		c.fault = fmt.Errorf("%v is no pointer to a struct that embeds %v", t, base)
	} else {
		c.typ = t.Elem()
		c.fault = embeds(c.typ, base)
		c.held = holds(c.typ, c.typ.Name(), base)
		if verbs, err := verbsOf(t); c.fault == nil {
			c.verbs, c.fault = verbs, err
		}
	}
	actual, _ := classes.LoadOrStore(t, c)
	return actual.(*Class)
}

// Fault tells what makes the type unfit for a handler, naming the field or the
// method, or nil.
func (c *Class) Fault() error { return c.fault }

// CopyFault tells which field makes it wrong to copy the handler for each
// connection, or nil.
func (c *Class) CopyFault() error { return c.held }

// Copy makes an instance: a shallow copy of handler, which is of this class.
func (c *Class) Copy(handler any) any {
	instance := reflect.New(c.typ)
	instance.Elem().Set(reflect.ValueOf(handler).Elem())
	return instance.Interface()
}

// bind gives the method of instance that answers verb, or nil.
func (c *Class) bind(instance any, verb string) func() {
	if i, ok := c.verbs[verb]; ok {
		return bind(instance, i)
	}
	return nil
}

// embeds tells what is wrong with the way t embeds base. A pointer on the way
// would make all connections share one instance.
func embeds(t, base reflect.Type) error {
	found := 0
	var walk func(reflect.Type) error
	walk = func(t reflect.Type) error {
		if t == base {
			found++
			return nil
		}
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.Anonymous {
				continue
			}
			switch f.Type.Kind() {
			case reflect.Struct:
				if err := walk(f.Type); err != nil {
					return err
				}
			case reflect.Pointer:
				if below := f.Type.Elem(); below.Kind() == reflect.Struct && reaches(below, base) {
					return fmt.Errorf("%v embeds the pointer *%v, which all connections would share: embed %v itself", t, below, below)
				}
			}
		}
		return nil
	}
	if err := walk(t); err != nil {
		return err
	}
	if found != 1 {
		return fmt.Errorf("%v embeds %v %d times: once is what makes a handler", t, base, found)
	}
	return nil
}

// reaches reports whether t is base or embeds it, by value or by pointer. A
// type that embeds a pointer to itself has been seen before.
func reaches(t, base reflect.Type) bool {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type) bool
	walk = func(t reflect.Type) bool {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t == base {
			return true
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return false
		}
		seen[t] = true
		for i := range t.NumField() {
			if f := t.Field(i); f.Anonymous && walk(f.Type) {
				return true
			}
		}
		return false
	}
	return walk(t)
}

// holds tells which field of t, by its path, holds a value of package sync or
// sync/atomic, or one that must not be copied for the same reason: it has
// methods Lock and Unlock. A copy of it for each connection would guard, or
// count, nothing.
func holds(t reflect.Type, path string, base reflect.Type) error {
	switch {
	case t == base:
		return nil
	case t.PkgPath() == "sync" || t.PkgPath() == "sync/atomic" || reflect.PointerTo(t).Implements(reflect.TypeFor[sync.Locker]()):
		if t.Kind() == reflect.Struct {
			return fmt.Errorf("%s has the type %v, and each connection would get a copy of its own: make it a pointer", path, t)
		}
	}
	switch t.Kind() {
	case reflect.Array:
		return holds(t.Elem(), path+"[]", base)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if err := holds(f.Type, path+"."+f.Name, base); err != nil {
				return err
			}
		}
	}
	return nil
}
