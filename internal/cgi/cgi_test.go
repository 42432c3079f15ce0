package cgi

import (
	"path"
	"slices"
	"strings"
	"testing"
)

var defaults = []string{"/cgi-bin", "/htbin"}

func TestFind(t *testing.T) {
	for _, tc := range []struct {
		name, path      string
		directories     []string
		directory, rest string
		ok              bool
	}{
		{"a script", "/cgi-bin/env.sh", defaults, "/cgi-bin", "env.sh", true},
		{"the other directory", "/htbin/env.sh", defaults, "/htbin", "env.sh", true},
		{"path info", "/cgi-bin/env.sh/a/b", defaults, "/cgi-bin", "env.sh/a/b", true},
		{"path info with a slash at its end", "/cgi-bin/env.sh/a/", defaults, "/cgi-bin", "env.sh/a/", true},
		{"a slash for path info", "/cgi-bin/env.sh/", defaults, "/cgi-bin", "env.sh/", true},
		{"a subdirectory", "/cgi-bin/sub/env.sh", defaults, "/cgi-bin", "sub/env.sh", true},
		{"the directory", "/cgi-bin/", defaults, "/cgi-bin", "", true},
		{"the directory without its slash", "/cgi-bin", defaults, "", "", false},
		{"the directory by a dot", "/cgi-bin/.", defaults, "/cgi-bin", "", true},
		{"the directory by two dots", "/cgi-bin/a/..", defaults, "/cgi-bin", "", true},
		{"a name that begins so", "/cgi-bin2/env.sh", defaults, "", "", false},
		{"a name that ends so", "/a-cgi-bin/env.sh", defaults, "", "", false},
		{"further down", "/a/cgi-bin/env.sh", defaults, "", "", false},
		{"another case", "/CGI-bin/env.sh", defaults, "", "", false},
		{"another file", "/index.html", defaults, "", "", false},
		{"the top", "/", defaults, "", "", false},
		{"nothing", "", defaults, "", "", false},
		{"a question mark that was encoded", "/cgi-bin/env.sh?a", defaults, "/cgi-bin", "env.sh?a", true},
		{"a percent sign that was encoded", "/cgi-bin/env%2esh", defaults, "/cgi-bin", "env%2esh", true},
		{"bytes", "/cgi-bin/\xff\n", defaults, "/cgi-bin", "\xff\n", true},
		{"a backslash", `/cgi-bin\env.sh`, defaults, "", "", false},

		// CPython's tests ask for these over the wire.
		{"test_no_leading_slash", "cgi-bin/file1.py", defaults, "/cgi-bin", "file1.py", true},
		{"test_issue19435", "///////////nocgi.py/../cgi-bin/nothere.sh", defaults, "/cgi-bin", "nothere.sh", true},
		{"test_nested_cgi_path_issue21323", "/cgi-bin/child-dir/file3.py", defaults, "/cgi-bin", "child-dir/file3.py", true},
		{"test_nested_cgi_path_issue21323, in sub", "/sub/dir/cgi-bin/file5.py", []string{"/cgi-bin", "/htbin", "/sub/dir/cgi-bin"}, "/sub/dir/cgi-bin", "file5.py", true},

		{"into the directory by dots", "/a/../cgi-bin/env.sh", defaults, "/cgi-bin", "env.sh", true},
		{"out of the directory by dots", "/cgi-bin/../a/env.sh", defaults, "", "", false},
		{"out and in", "/cgi-bin/../cgi-bin/env.sh", defaults, "/cgi-bin", "env.sh", true},
		{"from above the top", "/../../cgi-bin/env.sh", defaults, "/cgi-bin", "env.sh", true},
		{"slashes", "//cgi-bin///env.sh//a", defaults, "/cgi-bin", "env.sh/a", true},
		{"dots in path info", "/cgi-bin/env.sh/../other.sh", defaults, "/cgi-bin", "other.sh", true},
		{"a dot at the end of path info", "/cgi-bin/env.sh/a/.", defaults, "/cgi-bin", "env.sh/a/", true},

		{"the shortest wins", "/a/b/c", []string{"/a/b", "/a"}, "/a", "b/c", true},
		{"the longer one where the shorter is none", "/a/b/c", []string{"/b", "/a/b"}, "/a/b", "c", true},
		{"with a slash at its end", "/a/b", []string{"/a/"}, "/a", "b", true},
		{"without one before it", "/a/b", []string{"a"}, "/a", "b", true},
		{"with many", "/a/b/c", []string{"//a//./b//"}, "/a/b", "c", true},
		{"the top is a directory", "/a/b", []string{"/"}, "", "a/b", true},
		{"the top is one, and asked for", "/", []string{"/"}, "", "", true},
		{"the top is one, with a slash at the end", "/a/", []string{"/cgi-bin", "/"}, "", "a/", true},
		{"a directory without a name", "/a/b", []string{""}, "", "", false},
		{"no directories", "/cgi-bin/env.sh", nil, "", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			directory, rest, ok := Find(tc.path, tc.directories)
			if directory != tc.directory || rest != tc.rest || ok != tc.ok {
				t.Errorf("Find(%q, %q) = %q, %q, %v, want %q, %q, %v", tc.path, tc.directories, directory, rest, ok, tc.directory, tc.rest, tc.ok)
			}
		})
	}
}

// TestResolve has the vectors of CPython's test_url_collapse_path. Where CPython
// tells a path of one word by two slashes there is one here, and a path that
// climbs above the top, for which it raises IndexError, stays at the top.
func TestResolve(t *testing.T) {
	for _, tc := range []struct{ path, python, want string }{
		{"", "//", "/"},
		{"..", "IndexError", "/"},
		{"/.//..", "IndexError", "/"},
		{"/", "//", "/"},
		{"//", "//", "/"},
		{`/\`, `//\`, `/\`},
		{"/.//", "//", "/"},
		{"cgi-bin/file1.py", "/cgi-bin/file1.py", ""},
		{"/cgi-bin/file1.py", "/cgi-bin/file1.py", ""},
		{"a", "//a", "/a"},
		{"/a", "//a", "/a"},
		{"//a", "//a", "/a"},
		{"./a", "//a", "/a"},
		{"./C:/", "/C:/", ""},
		{"/a/b", "/a/b", ""},
		{"/a/b/", "/a/b/", ""},
		{"/a/b/.", "/a/b/", ""},
		{"/a/b/c/..", "/a/b/", ""},
		{"/a/b/c/../d", "/a/b/d", ""},
		{"/a/b/c/../d/e/../f", "/a/b/d/f", ""},
		{"/a/b/c/../d/e/../../f", "/a/b/f", ""},
		{"/a/b/c/../d/e/.././././..//f", "/a/b/f", ""},
		{"../a/b/c/../d/e/.././././..//f", "IndexError", "/a/b/f"},
		{"/a/b/c/../d/e/../../../f", "/a/f", ""},
		{"/a/b/c/../d/e/../../../../f", "//f", "/f"},
		{"/a/b/c/../d/e/../../../../../f", "IndexError", "/f"},
		{"/a/b/c/../d/e/../../../../f/..", "//", "/"},
		{"/a/b/c/../d/e/../../../../f/../.", "//", "/"},
	} {
		want := tc.want
		if want == "" {
			want = tc.python
		}
		if got := resolve(tc.path); got != want {
			t.Errorf("resolve(%q) = %q, want %q; CPython: %s", tc.path, got, want, tc.python)
		}
	}
}

func TestSplit(t *testing.T) {
	tree := []string{"/cgi-bin", "/cgi-bin/sub", "/cgi-bin/sub/deep", "/top"}
	for _, tc := range []struct{ name, directory, rest, script, pathInfo, asked string }{
		{"a script", "/cgi-bin", "env.sh", "/cgi-bin/env.sh", "", ""},
		{"path info", "/cgi-bin", "env.sh/a/b", "/cgi-bin/env.sh", "/a/b", "/cgi-bin/env.sh"},
		{"a slash", "/cgi-bin", "env.sh/", "/cgi-bin/env.sh", "/", "/cgi-bin/env.sh"},
		{"a subdirectory", "/cgi-bin", "sub/env.sh", "/cgi-bin/sub/env.sh", "", "/cgi-bin/sub"},
		{"a subdirectory's, with path info", "/cgi-bin", "sub/deep/env.sh/a", "/cgi-bin/sub/deep/env.sh", "/a", "/cgi-bin/sub /cgi-bin/sub/deep /cgi-bin/sub/deep/env.sh"},
		{"a directory without its slash", "/cgi-bin", "sub", "/cgi-bin/sub", "", ""},
		{"a directory", "/cgi-bin", "sub/", "/cgi-bin/sub/", "", "/cgi-bin/sub"},
		{"the directory", "/cgi-bin", "", "/cgi-bin/", "", ""},
		{"a directory's name in path info", "/cgi-bin", "env.sh/sub/deep", "/cgi-bin/env.sh", "/sub/deep", "/cgi-bin/env.sh"},
		{"the top", "", "a.cgi/b", "/a.cgi", "/b", "/a.cgi"},
		{"below the top", "", "top/a.cgi", "/top/a.cgi", "", "/top"},
		{"nothing at the top", "", "", "/", "", ""},
		{"dots and slashes of a program's own", "/cgi-bin", "/../x//", "/cgi-bin/", "/../x//", "/cgi-bin/"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var asked []string
			script, pathInfo := Split(tc.directory, tc.rest, func(path string) bool {
				asked = append(asked, path)
				return slices.Contains(tree, path)
			})
			if script != tc.script || pathInfo != tc.pathInfo || strings.Join(asked, " ") != tc.asked {
				t.Errorf("Split(%q, %q) = %q, %q, having asked for %q", tc.directory, tc.rest, script, pathInfo, asked)
			}
		})
	}
}

func TestIsNPH(t *testing.T) {
	for name, want := range map[string]bool{
		"/cgi-bin/nph-a":     true,
		"/cgi-bin/nph-":      true,
		"nph-a":              true,
		"/cgi-bin/sub/nph-a": true,
		"/cgi-bin/nph":       false,
		"/cgi-bin/nph_a":     false,
		"/cgi-bin/a-nph-a":   false,
		"/cgi-bin/NPH-a":     false,
		"/nph-a/a":           false,
		"":                   false,
	} {
		if got := IsNPH(name); got != want {
			t.Errorf("IsNPH(%q) is %v", name, got)
		}
	}
}

// findSlowly is Find by CPython's rules, word by word.
func findSlowly(target string, directories []string) (directory, rest string, ok bool) {
	collapsed := path.Clean("/" + target)
	words := strings.Split(target, "/")
	if slices.Contains([]string{"", ".", ".."}, words[len(words)-1]) && collapsed != "/" {
		collapsed += "/"
	}
	for i := range len(collapsed) {
		for _, d := range directories {
			if collapsed[i] == '/' && d != "" && path.Clean("/"+d) == path.Clean("/"+collapsed[:i]) {
				return collapsed[:i], collapsed[i+1:], true
			}
		}
	}
	return "", "", false
}

// splitSlowly is Split, one word taken at a time.
func splitSlowly(directory, rest string, isDir func(string) bool) (name, pathInfo string) {
	word, more, slash := strings.Cut(rest, "/")
	name = directory + "/" + word
	if !slash {
		return name, ""
	}
	if isDir(name) {
		return splitSlowly(name, more, isDir)
	}
	return name, "/" + more
}

// FuzzFind: Find and Split are what they are when done slowly; a script's name
// and its path info are the path, and nothing but them.
func FuzzFind(f *testing.F) {
	f.Add("/cgi-bin/sub/env.sh/a", "/cgi-bin\n/htbin", "/cgi-bin/sub")
	f.Add("//a/../cgi-bin/.", "cgi-bin/\n/", "")
	f.Add("/x/", "/", "/x")
	f.Fuzz(func(t *testing.T, target, list, tree string) {
		directories := strings.Split(list, "\n")
		directory, rest, ok := Find(target, directories)
		if d, r, k := findSlowly(target, directories); directory != d || rest != r || ok != k {
			t.Fatalf("Find(%q, %q) = %q, %q, %v, want %q, %q, %v", target, directories, directory, rest, ok, d, r, k)
		}
		if !ok {
			return
		}
		found := directory + "/" + rest
		if d, r, k := Find(found, directories); d != directory || r != rest || !k {
			t.Errorf("Find(%q, %q), found again: %q, %q, %v", found, directories, d, r, k)
		}
		isDir := func(p string) bool { return slices.Contains(strings.Split(tree, "\n"), p) }
		name, pathInfo := Split(directory, rest, isDir)
		if n, p := splitSlowly(directory, rest, isDir); name != n || pathInfo != p {
			t.Errorf("Split(%q, %q) = %q, %q, want %q, %q", directory, rest, name, pathInfo, n, p)
		}
		if name+pathInfo != found || pathInfo != "" && (pathInfo[0] != '/' || isDir(name)) {
			t.Errorf("Split(%q, %q) = %q, %q", directory, rest, name, pathInfo)
		}
	})
}

// FuzzSplit: Split takes whatever a program has made the rest of a path.
func FuzzSplit(f *testing.F) {
	f.Add("/cgi-bin", "/../x//", "/cgi-bin/")
	f.Add("", "a/b", "/a")
	f.Fuzz(func(t *testing.T, directory, rest, tree string) {
		isDir := func(p string) bool { return slices.Contains(strings.Split(tree, "\n"), p) }
		name, pathInfo := Split(directory, rest, isDir)
		if n, p := splitSlowly(directory, rest, isDir); name != n || pathInfo != p {
			t.Errorf("Split(%q, %q) = %q, %q, want %q, %q", directory, rest, name, pathInfo, n, p)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for _, bc := range []struct{ name, path string }{
		{"script", "/cgi-bin/env.sh/path/info"},
		{"file", "/static/css/site.css"},
		{"directory", "/static/"},
		{"deep", strings.Repeat("/a", 30000)},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Find(bc.path, defaults)
			}
		})
	}
}

func TestAllocations(t *testing.T) {
	r := request()
	r.Fields = fields(ordinaryFields)
	lookup := func(string) (string, bool) { return "x", true }
	for _, tc := range []struct {
		name string
		most float64
		call func()
	}{
		{"Find", 0, func() { Find("/cgi-bin/env.sh/a", defaults) }},
		{"Find, of a file", 0, func() { Find("/static/site.css", defaults) }},
		{"Split", 1, func() { Split("/cgi-bin", "env.sh/a", func(string) bool { return false }) }},
		{"Arguments, of a form", 0, func() { Arguments("GET", "a=b", "linux") }},
		{"Environ", 4, func() { r.Environ(nil, lookup, "linux") }},
		{"ParseHead", 3, func() { ParseHead("Content-Type: text/plain\n\n") }},
	} {
		if n := testing.AllocsPerRun(100, tc.call); n > tc.most {
			t.Errorf("%s allocates %v times", tc.name, n)
		}
	}
}
