package httpserver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// deep overrides hooks at three depths of embedding.
type deep struct{ middle }

func (h *deep) DoGET()                        { h.calls++ }
func (h *deep) DoSPAM()                       { h.calls++ }
func (h *deep) LogMessage(string, ...any)     { h.calls++ }
func (h *deep) Greeting() string              { return "deep" }
func (h *deep) SendError(int, string, string) { h.calls++ }

type middle struct {
	SimpleHandler
	calls int
}

func (h *middle) Greeting() string { return "middle" }

// DoGREET calls what the outer type overrides, as this package does.
func (h *middle) DoGREET() {
	h.RequestLine = h.Self().(interface{ Greeting() string }).Greeting()
}

// bound gives a handler on a connection of its own.
func bound(t testing.TB) (*deep, *connection) {
	t.Helper()
	h := new(deep)
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close() })
	s := &Server{}
	c := s.connect(server, classOf(h), h)
	h.Setup()
	c.verbs = c.class.Verbs(h.SimpleHandler.self, h.MethodTable())
	t.Cleanup(func() { c.end(); s.Close() })
	return h, c
}

// TestDispatchAllocations: looking a verb up, calling it and calling a hook
// allocate nothing; a verb of one's own at most once.
func TestDispatchAllocations(t *testing.T) {
	h, c := bound(t)
	for _, tc := range []struct {
		name string
		most float64
		call func()
	}{
		{"GET", 0, func() { c.verbs.Call("GET") }},
		{"SPAM", 1, func() { c.verbs.Call("SPAM") }},
		{"no such verb", 0, func() { c.verbs.Call("NOSUCH") }},
		{"a hook that is overridden", 0, func() { h.BaseHandler.self.SendError(404, "", "") }},
		{"a hook that is not", 0, func() { h.BaseHandler.self.LogDateTimeString() }},
		{"a hook of SimpleHandler", 0, func() { h.SimpleHandler.self.GuessType("x.html") }},
		{"the log with a string of its own", 0, func() { h.BaseHandler.self.LogMessage("x") }},
	} {
		if got := testing.AllocsPerRun(1000, tc.call); got > tc.most {
			t.Errorf("%s: %v allocations, at most %v are allowed", tc.name, got, tc.most)
		}
	}
	if h.calls == 0 {
		t.Error("nothing was called")
	}
}

func BenchmarkDispatch(b *testing.B) {
	h, c := bound(b)
	for _, verb := range []string{"GET", "SPAM"} {
		b.Run(verb, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.verbs.Call(verb)
			}
		})
	}
	b.Run("hook", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h.BaseHandler.self.SendError(404, "", "")
		}
	})
}

func TestSelf(t *testing.T) {
	h, c := bound(t)
	if h.Self() != RequestHandler(h) {
		t.Errorf("Self() is %T", h.Self())
	}
	if c.verbs.Call("GREET"); h.RequestLine != "deep" {
		t.Errorf("the middle type reached %q", h.RequestLine)
	}
}

// What follows is no handler, or none that can be copied.
type (
	byPointer   struct{ *BaseHandler }
	byDeepPtr   struct{ viaPointer }
	viaPointer  struct{ *SimpleHandler }
	byInterface struct{ RequestHandler }
	withMutex   struct {
		BaseHandler
		Mu sync.Mutex
	}
	withCounter struct {
		SimpleHandler
		Stats struct{ Hits [2]atomic.Int64 }
	}
	withLocker struct {
		BaseHandler
		Own locker
	}
	locker struct{ N int }
	fine   struct {
		SimpleHandler
		Mu    *sync.Mutex
		Hits  *atomic.Int64
		Other *withMutex
		F     func(sync.Mutex)
	}
	wrongVerb   struct{ BaseHandler }
	wrongResult struct{ BaseHandler }
	wrongGET    struct{ BaseHandler }
	wrongHook   struct{ SimpleHandler }
	wrongCase   struct{ BaseHandler }
	byValue     struct{ BaseHandler }
	lookalikes  struct{ BaseHandler }
)

func (*locker) Lock()                  {}
func (*locker) Unlock()                {}
func (*wrongVerb) DoSPAM(string)       {}
func (*wrongResult) DoSPAM() error     { return nil }
func (*wrongGET) DoGET(int)            {}
func (*wrongHook) SendHead() io.Reader { return nil }
func (byValue) DoGET()                 {}
func (*wrongCase) DoPost()             {}
func (*lookalikes) Done()              {}
func (*lookalikes) Domain() string     { return "" }
func (*lookalikes) DoTask(int)         {}
func (*lookalikes) DoGet() error       { return nil }
func (*lookalikes) Do()                {}
func (*lookalikes) Do_X(int)           {}
func (*lookalikes) Do1X(int)           {}
func (*withMutex) DoGET()              {}
func (*byInterface) DoGET()            {}

// TestHandlersThatAreNone panic when the server is made, naming what is wrong.
func TestHandlersThatAreNone(t *testing.T) {
	for _, tc := range []struct {
		name    string
		handler RequestHandler
		want    string // "" where it is fine
	}{
		{"fine", new(fine), ""},
		{"names that are no verbs", new(lookalikes), ""},
		{"SimpleHandler itself", new(SimpleHandler), ""},
		{"nil", nil, "a server needs a Handler or NewHandler"},
		{"a nil pointer", (*fine)(nil), "the handler is a nil *httpserver.fine"},
		{"a pointer embedded", byPointer{new(BaseHandler)}, "no pointer to a struct"},
		{"a pointer embedded, by pointer", &byPointer{new(BaseHandler)}, "httpserver.byPointer embeds the pointer *httpserver.BaseHandler"},
		{"a pointer embedded further down", &byDeepPtr{viaPointer{new(SimpleHandler)}}, "httpserver.viaPointer embeds the pointer *httpserver.SimpleHandler"},
		{"an interface embedded", &byInterface{new(fine)}, "embeds httpserver.BaseHandler 0 times"},
		{"a mutex", new(withMutex), "withMutex.Mu has the type sync.Mutex"},
		{"a counter", new(withCounter), "withCounter.Stats.Hits[] has the type atomic.Int64"},
		{"something with Lock and Unlock", new(withLocker), "withLocker.Own has the type httpserver.locker"},
		{"a verb with an argument", new(wrongVerb), "*httpserver.wrongVerb.DoSPAM answers the verb SPAM"},
		{"a verb with a result", new(wrongResult), "*httpserver.wrongResult.DoSPAM answers the verb SPAM"},
		{"GET with an argument", new(wrongGET), "*httpserver.wrongGET.DoGET answers the verb GET"},
		{"a value receiver", new(byValue), "httpserver.byValue.DoGET has a value receiver"},
		{"a verb in other letters", new(wrongCase), "*httpserver.wrongCase.DoPost answers nothing: verbs are in capitals, DoPOST"},
		{"a hook with another signature", new(wrongHook), "*httpserver.wrongHook.SendHead overrides a hook"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer func() {
				got, _ := recover().(string)
				if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
					t.Errorf("panic %q, want %q in it", got, tc.want)
				}
			}()
			s, err := NewServer("127.0.0.1:0", tc.handler)
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
		})
	}
}

// TestClassIsChecked where a server is a literal, too.
func TestClassIsChecked(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	defer func() {
		if got, _ := recover().(string); !strings.Contains(got, "withMutex.Mu") {
			t.Errorf("panic %q", got)
		}
	}()
	(&Server{Handler: new(withMutex)}).Serve(l)
}

// TestHooksGoThroughSelf reads this package's source: a hook is called as
// h.self.X() or, where our own is meant, by the name of the type it is of.
func TestHooksGoThroughSelf(t *testing.T) {
	hooks := map[string]bool{}
	for _, menu := range []reflect.Type{reflect.TypeFor[RequestHandler](), reflect.TypeFor[fileHandler]()} {
		for i := range menu.NumMethod() {
			if m := menu.Method(i); m.IsExported() {
				hooks[m.Name] = true
			}
		}
	}
	if len(hooks) != 26 {
		t.Fatalf("%d hooks were found", len(hooks))
	}
	called := maps.Clone(hooks)
	files := token.NewFileSet()
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !hooks[method.Sel.Name] {
				return true
			}
			delete(called, method.Sel.Name)
			if id, ok := method.X.(*ast.Ident); ok && id.Name == "h" {
				t.Errorf("%v: h.%s() skips what overrides it", files.Position(n.Pos()), method.Sel.Name)
			}
			return true
		})
	}
	for name := range called {
		t.Errorf("the hook %s is never called", name)
	}
}

// TestDefaults: what an unbound handler can do without a connection.
func TestDefaults(t *testing.T) {
	h := new(SimpleHandler)
	h.Directory = "site"
	for _, tc := range []struct{ name, got, want string }{
		{"VersionString", h.VersionString(), "SimpleHTTP/" + Version + " " + sysVersion},
		{"BaseHandler's VersionString", h.BaseHandler.VersionString(), "BaseHTTP/" + Version + " " + sysVersion},
		{"TranslatePath", h.TranslatePath("/a/../b?c#d"), filepath.Join("site", "b")},
		{"TranslatePath with a slash", h.TranslatePath("/a/"), filepath.Join("site", "a") + "/"},
		{"GuessType", h.GuessType("a/b.html"), "text/html"},
		{"GuessType upper case", h.GuessType("B.HTML"), "text/html"},
		{"GuessType unknown", h.GuessType("b"), "application/octet-stream"},
		{"GuessType compressed", h.GuessType("b.tar.gz"), "application/gzip"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}

// TestAdmission: what the fields that bound connections mean.
func TestAdmission(t *testing.T) {
	for _, tc := range []struct {
		name                    string
		connections, perAddress int
		want                    admission
	}{
		{"zero", 0, 0, admission{connections: 10_000, perAddress: 1000}},
		{"negative", -1, -2, admission{connections: -1, perAddress: -2}},
		{"set", 5, 6, admission{connections: 5, perAddress: 6}},
	} {
		s := &Server{MaxConnections: tc.connections, MaxConnectionsPerAddress: tc.perAddress}
		if got := s.admission(0, nil); got.connections != tc.want.connections || got.perAddress != tc.want.perAddress {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}

// refusing keeps the status code of an error.
type refusing struct {
	SimpleHandler
	code int
}

func (h *refusing) SendError(code int, _, _ string) { h.code = code }
func (h *refusing) LogMessage(string, ...any)       {}

// TestRefuseFile: a file that may be there is not called missing.
func TestRefuseFile(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want int
	}{
		{&fs.PathError{Op: "openat", Path: "x", Err: syscall.EMFILE}, 503},
		{&fs.PathError{Op: "openat", Path: "x", Err: syscall.ENOENT}, 404},
		{fs.ErrPermission, 404},
	} {
		h := new(refusing)
		client, server := net.Pipe()
		s := &Server{}
		c := s.connect(server, classOf(h), h)
		h.Setup()
		if h.refuseFile(tc.err, ""); h.code != tc.want {
			t.Errorf("%v: %d, want %d", tc.err, h.code, tc.want)
		}
		client.Close()
		c.end()
		s.Close()
	}
}
