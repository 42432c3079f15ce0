//go:build httpserver_noreflect

package class

import (
	"reflect"
	"testing"
)

type base struct{ n int }

type echo struct {
	base
	called string
}

func (e *echo) DoGET()  { e.called = "GET" }
func (e *echo) DoSPAM() { e.called = "SPAM" }

// TestWithoutReflection: the standard verbs and the table are all there is.
func TestWithoutReflection(t *testing.T) {
	e := new(echo)
	c := Of(e, reflect.TypeFor[base]())
	if c.Fault() != nil {
		t.Fatal(c.Fault())
	}
	v := c.Verbs(e, map[string]func(){"EGGS": func() { e.called = "EGGS" }})
	for verb, want := range map[string]bool{"GET": true, "SPAM": false, "EGGS": true} {
		e.called = ""
		if got := v.Call(verb); got != want || got && e.called != verb {
			t.Errorf("Call(%q) = %v, called %q", verb, got, e.called)
		}
	}
}
