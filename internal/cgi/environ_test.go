package cgi

import (
	"cmp"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"example.com/httpserver/internal/http1"
)

// request is the one that tests change.
func request() *Request {
	return &Request{
		Method: "GET", Protocol: "HTTP/1.1", URI: "/cgi-bin/env.sh/a%20b?c=d",
		ScriptName: "/cgi-bin/env.sh", PathInfo: "/a b", PathTranslated: "/srv/a b", ScriptFilename: "/srv/cgi-bin/env.sh", DocumentRoot: "/srv", Query: "c=d",
		Software: "SimpleHTTP/1.0 Go/1.26", ServerName: "example.com", ServerAddr: "192.0.2.1", ServerPort: "8000",
		RemoteAddr: "192.0.2.7", RemotePort: "50000",
		ContentLength: -1,
	}
}

// fields reads lines of fields, of which many names are not sent by browsers.
func fields(lines string) (list []http1.Field) {
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		list = append(list, http1.Field{Name: name, Value: strings.TrimSpace(value)})
	}
	return list
}

// lookupIn looks variables up in a text of lines, in any case on Windows.
func lookupIn(lines, goos string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for line := range strings.Lines(lines) {
			n, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			if n == name || goos == "windows" && strings.EqualFold(n, name) {
				return value, true
			}
		}
		return "", false
	}
}

// ordinaryEnv is what the server's own environment has.
const ordinaryEnv = "PATH=/bin\nSECRET=xyzzy\nHTTP_PROXY=http://evil\nREMOTE_USER=root\nHTTP_ACCEPT=leak\nLANG=C.UTF-8"

func TestEnvironWhole(t *testing.T) {
	r := request()
	r.Method, r.ContentLength, r.HTTPS = "POST", 3, true
	r.AuthType, r.RemoteUser = "Basic", "joe"
	r.Fields = fields("Host: example.com:8000\nContent-Type: a/b\nContent-Length: 3\nUser-Agent: x\nAccept: a\naccept: b\nConnection: close\nProxy: p\nAuthorization: Basic am9lOnNlY3JldA==\n")
	want := []string{
		"AUTH_TYPE=Basic",
		"CONTENT_LENGTH=3",
		"CONTENT_TYPE=a/b",
		"DOCUMENT_ROOT=/srv",
		"GATEWAY_INTERFACE=CGI/1.1",
		"HTTPS=on",
		"HTTP_ACCEPT=a,b",
		"HTTP_COOKIE=",
		"HTTP_HOST=example.com:8000",
		"HTTP_REFERER=",
		"HTTP_USER_AGENT=x",
		"LANG=C.UTF-8",
		"OWN=1",
		"PATH=/bin",
		"PATH_INFO=/a b",
		"PATH_TRANSLATED=/srv/a b",
		"QUERY_STRING=c=d",
		"REDIRECT_STATUS=200",
		"REMOTE_ADDR=192.0.2.7",
		"REMOTE_HOST=192.0.2.7",
		"REMOTE_PORT=50000",
		"REMOTE_USER=joe",
		"REQUEST_METHOD=POST",
		"REQUEST_SCHEME=https",
		"REQUEST_URI=/cgi-bin/env.sh/a%20b?c=d",
		"SCRIPT_FILENAME=/srv/cgi-bin/env.sh",
		"SCRIPT_NAME=/cgi-bin/env.sh",
		"SERVER_ADDR=192.0.2.1",
		"SERVER_NAME=example.com",
		"SERVER_PORT=8000",
		"SERVER_PROTOCOL=HTTP/1.1",
		"SERVER_SOFTWARE=SimpleHTTP/1.0 Go/1.26",
	}
	got := r.Environ([]string{"OWN=1"}, lookupIn(ordinaryEnv, "linux"), "linux")
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEnviron(t *testing.T) {
	const unset = "(unset)"
	for _, tc := range []struct {
		name   string
		change func(r *Request)
		fields string
		own    []string
		want   string // "NAME=value | …", or "NAME" for one that is not to be there
	}{
		{"RFC 3875 §4.1 empty where nothing is known", func(r *Request) { *r = Request{ContentLength: -1} }, "", nil,
			"REQUEST_METHOD= | SCRIPT_NAME= | SERVER_NAME= | REMOTE_ADDR= | QUERY_STRING= | PATH_INFO= | SCRIPT_FILENAME | DOCUMENT_ROOT | REMOTE_PORT | AUTH_TYPE | REMOTE_USER | PATH_TRANSLATED | SERVER_ADDR"},
		{"RFC 3875 §4.1.1 AUTH_TYPE", func(r *Request) { r.AuthType = "Digest" }, "Authorization: Basic x\n", nil, "AUTH_TYPE=Digest"},
		{"RFC 3875 §4.1.1 nobody has checked", nil, "Authorization: Basic x\n", nil, "AUTH_TYPE | REMOTE_USER"},
		{"RFC 3875 §4.1.2 CONTENT_LENGTH", func(r *Request) { r.ContentLength = 12 }, "Content-Length: 99\n", nil, "CONTENT_LENGTH=12 | HTTP_CONTENT_LENGTH"},
		{"RFC 3875 §4.1.2 a body of nothing", func(r *Request) { r.ContentLength = 0 }, "", nil, "CONTENT_LENGTH=0"},
		{"RFC 3875 §4.1.2 no body", nil, "", nil, "CONTENT_LENGTH="},
		{"RFC 3875 §4.1.3 CONTENT_TYPE", nil, "content-type: a/b;c=d\n", nil, "CONTENT_TYPE=a/b;c=d | HTTP_CONTENT_TYPE"},
		{"RFC 3875 §4.1.3 as none was sent", nil, "", nil, "CONTENT_TYPE"},
		{"RFC 3875 §4.1.3 as an empty one was sent", nil, "Content-Type:\n", nil, "CONTENT_TYPE="},
		{"RFC 3875 §4.1.3 two", nil, "Content-Type: a/b\nContent-Type: c/d\n", nil, "CONTENT_TYPE=a/b"},
		{"RFC 3875 §4.1.4 GATEWAY_INTERFACE", nil, "", nil, "GATEWAY_INTERFACE=CGI/1.1"},
		{"RFC 3875 §4.1.5 PATH_INFO", func(r *Request) { r.PathInfo = "/This.Is%41\n\xff" }, "", nil, "PATH_INFO=/This.Is%41\n\xff"},
		{"RFC 3875 §4.1.5 NUL", func(r *Request) { r.PathInfo = "/\x00" }, "", nil, "PATH_INFO= | PATH_TRANSLATED"},
		{"RFC 3875 §4.1.6 PATH_TRANSLATED", func(r *Request) { r.PathInfo, r.PathTranslated = "/a", "/srv/a" }, "", nil, "PATH_TRANSLATED=/srv/a"},
		{"RFC 3875 §4.1.6 without path info", func(r *Request) { r.PathInfo = "" }, "", nil, "PATH_INFO= | PATH_TRANSLATED"},
		{"RFC 3875 §4.1.7 QUERY_STRING", func(r *Request) { r.Query = "k=aa%2F%2Fbb&//q//p//=//a//b//?" }, "", nil, "QUERY_STRING=k=aa%2F%2Fbb&//q//p//=//a//b//?"},
		{"RFC 3875 §4.1.7 no query", func(r *Request) { r.Query = "" }, "", nil, "QUERY_STRING="},
		{"RFC 3875 §4.1.8 REMOTE_ADDR", func(r *Request) { r.RemoteAddr = "2001:db8::1" }, "", nil, "REMOTE_ADDR=2001:db8::1"},
		{"RFC 3875 §4.1.9 REMOTE_HOST", func(r *Request) { r.RemoteAddr = "2001:db8::1" }, "", nil, "REMOTE_HOST=2001:db8::1"},
		{"RFC 3875 §4.1.10 REMOTE_IDENT", nil, "", nil, "REMOTE_IDENT"},
		{"RFC 3875 §4.1.11 REMOTE_USER", func(r *Request) { r.RemoteUser = "joe" }, "", nil, "REMOTE_USER=joe"},
		{"RFC 3875 §4.1.12 REQUEST_METHOD", func(r *Request) { r.Method = "Spam" }, "", nil, "REQUEST_METHOD=Spam"},
		{"RFC 3875 §4.1.13 SCRIPT_NAME", func(r *Request) { r.ScriptName = "/cgi-bin/a b" }, "", nil, "SCRIPT_NAME=/cgi-bin/a b"},
		{"RFC 3875 §4.1.14 SERVER_NAME", func(r *Request) { r.ServerName = "[::1]" }, "", nil, "SERVER_NAME=[::1]"},
		{"RFC 3875 §4.1.15 SERVER_PORT", func(r *Request) { r.ServerPort = "80" }, "", nil, "SERVER_PORT=80"},
		{"RFC 3875 §4.1.16 SERVER_PROTOCOL", func(r *Request) { r.Protocol = "HTTP/1.0" }, "", nil, "SERVER_PROTOCOL=HTTP/1.0"},
		{"RFC 3875 §4.1.17 SERVER_SOFTWARE", func(r *Request) { r.Software = "a/1 (b)" }, "", nil, "SERVER_SOFTWARE=a/1 (b)"},

		{"RFC 3875 §4.1.18 a field", nil, "X-Any-Name1: a\n", nil, "HTTP_X_ANY_NAME1=a"},
		{"RFC 3875 §4.1.18 a name in another case", nil, "x-aNy: a\n", nil, "HTTP_X_ANY=a"},
		{"RFC 3875 §4.1.18 lines of one field", nil, "X-A: 1\nx-a: 2, 3\nX-B: 4\nX-A: 5\n", nil, "HTTP_X_A=1,2, 3,5 | HTTP_X_B=4"},
		{"RFC 3875 §4.1.18 cookies", nil, "Cookie: a=b\nCookie: c=d\n", nil, "HTTP_COOKIE=a=b; c=d"},
		{"RFC 3875 §4.1.18 empty cookies", nil, "Cookie:\nCookie: c=d\nCookie:\n", nil, "HTTP_COOKIE=c=d"},
		{"RFC 3875 §4.1.18 an empty field", nil, "X-A:\n", nil, "HTTP_X_A="},
		{"RFC 3875 §4.1.18 bytes", nil, "X-A: \xe4\n", nil, "HTTP_X_A=\xe4"},
		{"RFC 3875 §4.1.18 authentication", nil, "Authorization: Basic x\nProxy-Authorization: Basic y\n", nil, "HTTP_AUTHORIZATION | HTTP_PROXY_AUTHORIZATION"},
		{"RFC 3875 §4.1.18 authentication that was asked for", func(r *Request) { r.Authorization = true }, "Authorization: Basic x\nProxy-Authorization: Basic y\n", nil, "HTTP_AUTHORIZATION=Basic x | HTTP_PROXY_AUTHORIZATION"},
		{"RFC 3875 §4.1.18 the connection", nil, "Connection: a\nKeep-Alive: a\nProxy-Connection: a\nTE: a\nTrailer: a\nTransfer-Encoding: a\nUpgrade: a\n", nil,
			"HTTP_CONNECTION | HTTP_KEEP_ALIVE | HTTP_PROXY_CONNECTION | HTTP_TE | HTTP_TRAILER | HTTP_TRANSFER_ENCODING | HTTP_UPGRADE"},
		{"RFC 3875 §4.1.18 always there", nil, "", nil, "HTTP_ACCEPT= | HTTP_COOKIE= | HTTP_REFERER= | HTTP_USER_AGENT= | HTTP_HOST"},
		{"RFC 3875 §4.1.18 HTTPS", func(r *Request) { r.HTTPS = true }, "", nil, "HTTPS=on | REQUEST_SCHEME=https"},
		{"RFC 3875 §4.1.18 not HTTPS", nil, "", nil, "HTTPS | REQUEST_SCHEME=http"},
		{"RFC 9112 §3.2.2 the target's host", func(r *Request) { r.Host = "target" }, "Host: field\n", nil, "HTTP_HOST=target"},
		{"RFC 9112 §3.2.2 the field's", nil, "Host: field\n", nil, "HTTP_HOST=field"},

		{"CPython's test_accept", nil, "Accept: text/html\nACCEPT: text/plain\n", nil, "HTTP_ACCEPT=text/html,text/plain"},
		{"CVE-2016-5385", nil, "Proxy: http://evil\nPROXY: http://evil\n", nil, "HTTP_PROXY"},
		{"a proxy of the program's own", nil, "Proxy: http://evil\n", []string{"HTTP_PROXY=http://good"}, "HTTP_PROXY=http://good"},
		{"an underscore", nil, "X_User: evil\nX-User: joe\n", nil, "HTTP_X_USER=joe"},
		{"underscores alone", nil, "X_User: evil\n_: evil\n", nil, "HTTP_X_USER | HTTP__"},
		{"a name with other characters", nil, "X.A: a\nX!: a\nX=Y: a\nX\x00: a\n", nil, "HTTP_X.A | HTTP_X! | HTTP_X"},
		{"NUL in a field", nil, "X-A: a\x00b\nX-B: c\nX-B: \x00\nAccept: \x00\n", nil, "HTTP_X_A | HTTP_X_B=c | HTTP_ACCEPT="},

		{"what PHP asks for", nil, "", nil, "REDIRECT_STATUS=200 | SCRIPT_FILENAME=/srv/cgi-bin/env.sh"},

		{"the server's environment", nil, "", nil, "PATH=/bin | LANG=C.UTF-8 | SECRET | REMOTE_USER | HTTP_ACCEPT= | HTTP_PROXY"},
		{"a variable", nil, "", []string{"A=b=c"}, "A=b=c"},
		{"an empty variable", nil, "", []string{"A="}, "A="},
		{"two of one name", nil, "", []string{"A=1", "B=2", "A=3"}, "A=3 | B=2"},
		{"one of the server's", nil, "", []string{"SECRET"}, "SECRET=xyzzy"},
		{"one that the server does not have", nil, "", []string{"MISSING", "PATH_INFO"}, "MISSING | PATH_INFO=/a b"},
		{"it wins over the list", nil, "", []string{"PATH=/own"}, "PATH=/own"},
		{"it wins over a meta-variable", nil, "", []string{"SERVER_NAME=own"}, "SERVER_NAME=own"},
		{"it wins over a field", nil, "X-A: 1\nX-A: 2\n", []string{"HTTP_X_A=own"}, "HTTP_X_A=own"},
		{"names are case-sensitive", nil, "", []string{"path=own"}, "PATH=/bin | path=own"},
		{"what CheckEnv refuses", nil, "", []string{"", "=a", "A=\x00", "\x00=a"}, "A"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := request()
			if tc.change != nil {
				tc.change(r)
			}
			r.Fields = fields(tc.fields)
			env := r.Environ(tc.own, lookupIn(ordinaryEnv, "linux"), "linux")
			checkEnviron(t, env, "linux")
			got := map[string]string{}
			for _, entry := range env {
				name, value, _ := strings.Cut(entry, "=")
				got[name] = value
			}
			for want := range strings.SplitSeq(tc.want, " | ") {
				name, value, ok := strings.Cut(want, "=")
				if !ok {
					value = unset
				}
				v, ok := got[name]
				if !ok {
					v = unset
				}
				if v != value {
					t.Errorf("%s is %q, want %q", name, v, value)
				}
			}
		})
	}
}

func TestEnvironPassesOn(t *testing.T) {
	for _, tc := range []struct {
		name, goos, env string
		own             []string
		want            string // those that are not made of the request
	}{
		{"nothing", "linux", "", nil, "PATH=/usr/local/bin:/usr/bin:/bin"},
		{"a path", "linux", "PATH=/a", nil, "PATH=/a"},
		{"an empty path", "linux", "PATH=", nil, "PATH="},
		{"languages", "linux", "PATH=/a\nLANG=C\nLANGUAGE=de\nLC_ALL=C\nLC_CTYPE=C\nLC_X=C\nTZ=UTC", nil, "LANG=C LANGUAGE=de LC_ALL=C LC_CTYPE=C PATH=/a TZ=UTC"},
		{"the loader", "linux", "PATH=/a\nLD_LIBRARY_PATH=/l\nLD_PRELOAD=x\nTMPDIR=/t", nil, "LD_LIBRARY_PATH=/l PATH=/a TMPDIR=/t"},
		{"the loader of macOS", "darwin", "PATH=/a\nDYLD_LIBRARY_PATH=/l", nil, "DYLD_LIBRARY_PATH=/l PATH=/a"},
		{"secrets", "linux", "PATH=/a\nHOME=/root\nAWS_SECRET_ACCESS_KEY=a\nSSH_AUTH_SOCK=a\nUSER=root", nil, "PATH=/a"},
		{"a secret that is asked for", "linux", "PATH=/a\nHOME=/root", []string{"HOME"}, "HOME=/root PATH=/a"},
		{"Windows without any", "windows", "", nil, ""},
		{"Windows", "windows", `Path=C:\a` + "\n" + `SYSTEMROOT=C:\Windows` + "\nComSpec=c\nPATHEXT=.EXE\nTemp=t\nUSERPROFILE=u\nLD_LIBRARY_PATH=/l", nil, `ComSpec=c PATH=C:\a PATHEXT=.EXE SystemRoot=C:\Windows TEMP=t`},
		{"names in another case on Windows", "windows", `Path=C:\a`, []string{`Path=C:\b`, "a=1", "A=2"}, `A=2 Path=C:\b`},
		{"names in another case elsewhere", "linux", "PATH=/a", []string{"Path=/b", "a=1", "A=2"}, "A=2 PATH=/a Path=/b a=1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := request().Environ(tc.own, lookupIn(tc.env, tc.goos), tc.goos)
			checkEnviron(t, env, tc.goos)
			made := request().Environ(nil, lookupIn("", tc.goos), "windows")
			env = slices.DeleteFunc(env, func(entry string) bool { return slices.Contains(made, entry) })
			if got := strings.Join(env, " "); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// checkEnviron checks what every environment is.
func checkEnviron(t *testing.T, env []string, goos string) {
	t.Helper()
	previous := ""
	for i, entry := range env {
		name, _, ok := strings.Cut(entry, "=")
		if !ok || name == "" || strings.Contains(entry, "\x00") {
			t.Errorf("%q", entry)
		}
		if goos == "windows" {
			name = strings.ToUpper(name)
		}
		if i > 0 && name <= previous {
			t.Errorf("%s stands before %s", previous, name)
		}
		previous = name
		i := slices.Index(passedOnUnix, name)
		if goos == "windows" && i >= 0 {
			t.Errorf("%s on Windows", name)
		}
	}
	for _, name := range promised {
		if !slices.ContainsFunc(env, func(entry string) bool { return strings.HasPrefix(entry, name+"=") }) {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestEnvironIsTaken gives an environment to a program.
func TestEnvironIsTaken(t *testing.T) {
	env, err := exec.LookPath("env")
	if err != nil {
		t.Skip("there is no env: ", err)
	}
	r := request()
	r.PathInfo = "/a\nb=\xff"
	r.Fields = fields("X-A: () { :; }; echo\nX-B: a=b\n")
	cmd := exec.Command(env, "-0")
	cmd.Env = r.Environ([]string{"OWN=1"}, lookupIn(ordinaryEnv, "linux"), "linux")
	out, err := cmd.Output()
	got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	slices.Sort(got)
	want := slices.Sorted(slices.Values(cmd.Env))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got\n%q, %v\nwant\n%q", got, err, want)
	}
}

func TestCheckEnv(t *testing.T) {
	for _, tc := range []struct {
		name string
		own  []string
		want string
	}{
		{"nothing", nil, ""},
		{"some", []string{"A=b", "C=", "D", "e_1=f=g"}, ""},
		{"an empty entry", []string{"A=b", ""}, `"" names no variable`},
		{"an empty name", []string{"=b"}, `"=b" names no variable`},
		{"NUL in a value", []string{"A=\x00"}, `"A=\x00" holds a NUL, which no variable can`},
		{"NUL in a name", []string{"A\x00"}, `"A\x00" holds a NUL, which no variable can`},
	} {
		got := ""
		if err := CheckEnv(tc.own); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

// environSlowly is Environ with maps.
func environSlowly(r *Request, own []string, lookup func(string) (string, bool), goos string) []string {
	env := map[string]string{} // by name as it is compared: the entry
	set := func(name, value string) {
		if !strings.Contains(name+value, "\x00") && name != "" {
			key := name
			if goos == "windows" {
				key = strings.ToUpper(name)
			}
			env[key] = name + "=" + value
		}
	}
	for name, value := range map[string]string{
		"CONTENT_LENGTH": "", "HTTP_ACCEPT": "", "HTTP_COOKIE": "", "HTTP_REFERER": "", "HTTP_USER_AGENT": "", "PATH_INFO": "", "QUERY_STRING": "", "SCRIPT_NAME": "",
		"GATEWAY_INTERFACE": "CGI/1.1", "REDIRECT_STATUS": "200", "REQUEST_SCHEME": "http",
		"REMOTE_ADDR": "", "REMOTE_HOST": "", "REQUEST_METHOD": "", "REQUEST_URI": "", "SERVER_NAME": "", "SERVER_PORT": "", "SERVER_PROTOCOL": "", "SERVER_SOFTWARE": ""} {
		set(name, value)
	}
	set("PATH_INFO", r.PathInfo)
	set("QUERY_STRING", r.Query)
	if p := r.PathInfo; p != "" && !strings.Contains(p, "\x00") && r.PathTranslated != "" {
		set("PATH_TRANSLATED", r.PathTranslated)
	}
	isType := func(f http1.Field) bool { return strings.EqualFold(f.Name, "Content-Type") }
	if i := slices.IndexFunc(r.Fields, isType); i >= 0 { // no other, even if this can be no variable
		set("CONTENT_TYPE", r.Fields[i].Value)
	}
	lists := map[string][]string{}
	for _, f := range r.Fields {
		if f.Name != "" && strings.Trim(strings.ToLower(f.Name), "-0123456789abcdefghijklmnopqrstuvwxyz") == "" && !strings.Contains(f.Value, "\x00") {
			name := strings.ReplaceAll(strings.ToUpper(f.Name), "-", "_")
			lists[name] = append(lists[name], f.Value)
		}
	}
	if !r.Authorization {
		delete(lists, "AUTHORIZATION")
	}
	for _, name := range strings.Fields("CONTENT_TYPE CONTENT_LENGTH PROXY PROXY_AUTHORIZATION CONNECTION KEEP_ALIVE PROXY_CONNECTION TE TRAILER TRANSFER_ENCODING UPGRADE") {
		delete(lists, name)
	}
	for name, values := range lists {
		separator := ","
		if name == "COOKIE" {
			separator = "; "
			values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
		}
		set("HTTP_"+name, strings.Join(values, separator))
	}
	for _, entry := range own {
		name, value, ok := strings.Cut(entry, "=")
		if !ok {
			value, ok = lookup(name)
		}
		if ok {
			set(name, value)
		}
	}
	return slices.SortedFunc(maps.Values(env), func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		if goos == "windows" {
			a, b = strings.ToUpper(a), strings.ToUpper(b)
		}
		return cmp.Compare(a, b)
	})
}

// FuzzEnviron: an environment is what it is when made of maps, whatever the
// request's fields, path and query, and the program's own variables.
func FuzzEnviron(f *testing.F) {
	f.Add("/a", "b=c", "Accept: a\nACCEPT: b\nX_A: c\nX-A: d\n", "A=b\nSECRET\n", "SECRET=x", true, false)
	f.Add("/", "", "Content-Type:\x00\nContent-Type: a\n", "", "", false, false)
	f.Add("/\x00", "\x00", "Proxy: a\nHost:\x00\nCookie: a\nCookie:\nCookie: b\n", "HTTP_PROXY=x\n=\n", "", false, true)
	f.Fuzz(func(t *testing.T, pathInfo, query, lines, own, server string, authorization, windows bool) {
		goos := "linux"
		if windows {
			goos = "windows"
		}
		r := &Request{PathInfo: pathInfo, PathTranslated: "/srv" + pathInfo, Query: query, ContentLength: -1, Fields: fields(lines), Authorization: authorization}
		lookup := lookupIn(server, goos)
		env := r.Environ(strings.Split(own, "\n"), lookup, goos)
		want := environSlowly(r, append(passedOnBy(lookup, goos), strings.Split(own, "\n")...), lookup, goos)
		checkEnviron(t, slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
			name, _, _ := strings.Cut(entry, "=")
			return slices.Contains(passedOnUnix, strings.ToUpper(name)) // a program's own may be there on Windows
		}), goos)
		if !slices.Equal(env, want) {
			t.Errorf("got\n%q\nwant\n%q", env, want)
		}
	})
}

// passedOnBy gives what is passed on of the server's, as a program's own would be.
// None of it can be a meta-variable.
func passedOnBy(lookup func(string) (string, bool), goos string) (env []string) {
	names := passedOnWindows
	if goos != "windows" {
		env, names = []string{"PATH=" + defaultPath}, passedOnUnix
	}
	for _, name := range slices.Concat(passedOn, names) {
		if value, ok := lookup(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

const ordinaryFields = "Host: localhost:8000\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\nAccept-Language: en-US,en;q=0.5\nAccept-Encoding: gzip, deflate, br\n" +
	"Connection: keep-alive\nCookie: a=b; c=d\nUpgrade-Insecure-Requests: 1\nSec-Fetch-Dest: document\nSec-Fetch-Mode: navigate\nSec-Fetch-Site: none\n"

func BenchmarkEnviron(b *testing.B) {
	server := map[string]string{"PATH": "/bin", "LANG": "C.UTF-8"}
	lookup := func(name string) (string, bool) {
		value, ok := server[name]
		return value, ok
	}
	for _, bc := range []struct{ name, fields string }{
		{"curl", "Host: localhost\nUser-Agent: curl/8\nAccept: */*\n"},
		{"browser", ordinaryFields},
		{"hundred", strings.Repeat("X-Field: value\nX-Other-Field: value\n", 50)},
	} {
		b.Run(bc.name, func(b *testing.B) {
			r := request()
			r.Fields = fields(bc.fields)
			b.ReportAllocs()
			for b.Loop() {
				r.Environ(nil, lookup, "linux")
			}
		})
	}
}
