//go:build !httpserver_noreflect

package class

import (
	"reflect"
	"strings"
	"testing"
)

type base struct{ n int }

type echo struct {
	base
	said []string
}

func (e *echo) DoGET()     { e.said = append(e.said, "GET") }
func (e *echo) DoSPAM()    { e.said = append(e.said, "SPAM") }
func (e *echo) DoM_2()     { e.said = append(e.said, "M_2") }
func (e *echo) DoTask(int) {}

func TestVerbNames(t *testing.T) {
	for name, want := range map[string]string{
		"DoGET": "GET", "DoX": "X", "DoM_2": "M_2", "DoA0": "A0", "DoA_": "A_",
		"DODO": "", "Do": "", "Done": "", "Domain": "", "DoTask": "", "DoGet": "", "Do_X": "", "Do1": "", "doGET": "", "DoGÉT": "", "GET": "",
	} {
		if got, ok := verb(name); got != want || ok != (want != "") {
			t.Errorf("verb(%q) = %q, %v", name, got, ok)
		}
	}
}

func TestCall(t *testing.T) {
	e := new(echo)
	c := Of(e, reflect.TypeFor[base]())
	if c.Fault() != nil || c.CopyFault() != nil {
		t.Fatal(c.Fault(), c.CopyFault())
	}
	v := c.Verbs(e, map[string]func(){
		"M-SEARCH": func() { e.said = append(e.said, "table M-SEARCH") },
		"get":      func() { e.said = append(e.said, "table get") },
		"M_2":      func() { e.said = append(e.said, "table M_2") },
		"NIL":      nil,
	})
	for _, tc := range []struct {
		verb string
		want bool
	}{
		{"GET", true}, {"SPAM", true}, {"SPAM", true}, {"M-SEARCH", true}, {"get", true}, {"M_2", true},
		{"HEAD", false}, {"POST", false}, {"PUT", false}, {"DELETE", false}, {"CONNECT", false}, {"OPTIONS", false}, {"TRACE", false}, {"PATCH", false},
		{"Task", false}, {"TASK", false}, {"", false}, {"NIL", false}, {"spam", false},
	} {
		if got := v.Has(tc.verb); got != tc.want || len(v.bound) > 1 {
			t.Errorf("Has(%q) = %v", tc.verb, got)
		}
		if got := v.Call(tc.verb); got != tc.want {
			t.Errorf("Call(%q) = %v", tc.verb, got)
		}
	}
	want := "GET SPAM SPAM table M-SEARCH table get table M_2"
	if got := strings.Join(e.said, " "); got != want {
		t.Errorf("called %q, want %q", got, want)
	}
	if len(v.bound) != 1 {
		t.Errorf("%d verbs are kept", len(v.bound))
	}
	if got, want := strings.Join(v.Names(), " "), "GET M-SEARCH M_2 SPAM get"; got != want {
		t.Errorf("Names gives %q, want %q", got, want)
	}
}

// all has each of the standard methods, which says its name.
type all struct{ echo }

func (a *all) DoGET()     { a.said = append(a.said, "GET") }
func (a *all) DoHEAD()    { a.said = append(a.said, "HEAD") }
func (a *all) DoPOST()    { a.said = append(a.said, "POST") }
func (a *all) DoPUT()     { a.said = append(a.said, "PUT") }
func (a *all) DoDELETE()  { a.said = append(a.said, "DELETE") }
func (a *all) DoCONNECT() { a.said = append(a.said, "CONNECT") }
func (a *all) DoOPTIONS() { a.said = append(a.said, "OPTIONS") }
func (a *all) DoTRACE()   { a.said = append(a.said, "TRACE") }
func (a *all) DoPATCH()   { a.said = append(a.said, "PATCH") }

func TestStandard(t *testing.T) {
	a := new(all)
	v := Of(a, reflect.TypeFor[base]()).Verbs(a, nil)
	if got, want := strings.Join(v.Names(), " "), strings.Join(standard, " ")+" M_2 SPAM"; got != want || a.said != nil {
		t.Errorf("Names gives %q, want %q, and calls %q", got, want, a.said)
	}
	for _, verb := range standard {
		a.said = nil
		if ok := v.Call(verb); !ok || len(a.said) != 1 || a.said[0] != verb {
			t.Errorf("Call(%q) = %v, called %q", verb, ok, a.said)
		}
	}
}

func TestCopy(t *testing.T) {
	e := &echo{said: []string{"x"}}
	e.n = 7
	got := Of(e, reflect.TypeFor[base]()).Copy(e).(*echo)
	if got == e || got.n != 7 || got.said[0] != "x" {
		t.Errorf("%+v", got)
	}
	got.n = 8
	if e.n != 7 {
		t.Error("the copy is no copy")
	}
}

// cyclic embeds a pointer to itself, by way of another.
type cyclic struct{ *cycle }
type cycle struct{ *cyclic }

func TestFaults(t *testing.T) {
	b := reflect.TypeFor[base]()
	for _, tc := range []struct {
		name    string
		handler any
		want    string
	}{
		{"a struct", base{}, "no pointer to a struct"},
		{"a pointer to no struct", new(int), "no pointer to a struct"},
		{"base itself", new(base), ""},
		{"no base", new(struct{ n int }), "0 times"},
		{"two", new(struct {
			base
			echo
		}), "2 times"},
		{"a cycle", &cyclic{&cycle{cyclic: nil}}, "0 times"},
		{"a pointer that leads elsewhere", new(struct {
			base
			*strings.Reader
		}), ""},
	} {
		got := ""
		if err := Of(tc.handler, b).Fault(); err != nil {
			got = err.Error()
		}
		if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q, want %q in it", tc.name, got, tc.want)
		}
	}
}
