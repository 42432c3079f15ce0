// Package cgi is the Common Gateway Interface (RFC 3875) as text: which part of
// a path names a script, the meta-variables and the command line that the
// script gets, and the header section with which it answers. It knows no
// sockets, processes or files.
package cgi

import (
	"strings"

	"example.com/httpserver/internal/urlpath"
)

// Find finds the directory of scripts that a path lies in, and what follows it:
// for "/cgi-bin/env.sh/a", "/cgi-bin" and "env.sh/a". The path has been decoded
// once, and is not decoded again; nor does it hold a query.
//
// Like CPython, empty words, "." and ".." are resolved first, with a slash left
// at the end where the last word was one of them; the shortest directory wins;
// and a directory without the slash behind it is none ("/cgi-bin"), while with
// it there is a script without a name ("/cgi-bin/"). Unlike CPython, ".." at the
// top stays there, and directories may be spelled with a slash at their end, or
// without one before them. "/" is the top, which makes every path a script's;
// Find then gives "" for the directory.
func Find(path string, directories []string) (directory, rest string, ok bool) {
	path = resolve(path)
	end := -1
	for _, d := range directories {
		if d == "" {
			continue // an accident rather than the top, which is "/"
		}
		// name is path[1:1+len(name)] if path lies in d; for the top, the slash
		// behind the directory is the path's first.
		name := urlpath.Local(d, false)
		n := 0
		if name != "" {
			n = 1 + len(name)
		}
		if len(path) > n && path[n] == '/' && path[min(n, 1):n] == name && (end < 0 || n < end) {
			end = n
		}
	}
	if end < 0 {
		return "", "", false
	}
	return path[:end], path[end+1:], true
}

// resolve takes the dots and the needless slashes out of a decoded path. A
// slash stays at the end where a directory was meant.
func resolve(path string) string {
	local := urlpath.Local(path, false)
	if len(path) == 1+len(local) && path[0] == '/' && path[1:] == local {
		return path
	}
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "", ".", "..":
		if local != "" {
			return "/" + local + "/"
		}
	}
	return "/" + local
}

// Split finds the script in what Find has found: its name as a path
// ("/cgi-bin/sub/env.sh"), which is SCRIPT_NAME, and what follows that, which is
// PATH_INFO (RFC 3875 §3.2): nothing, or a slash and more. Like CPython, words
// are passed over as long as they name directories, which isDir is asked about
// ("/cgi-bin/sub"), and a slash follows them.
func Split(directory, rest string, isDir func(path string) bool) (name, pathInfo string) {
	path := directory + "/" + rest
	begin := len(directory) + 1
	for {
		i := strings.IndexByte(path[begin:], '/')
		if i < 0 {
			return path, ""
		}
		if end := begin + i; !isDir(path[:end]) {
			return path[:end], path[end:]
		}
		begin += i + 1
	}
}

// IsNPH reports whether a script is one whose output is the whole answer, as it
// is: one whose name begins with "nph-" (RFC 3875 §5.1 leaves the mark to the
// server; this is the one in use since CGI/1.0).
func IsNPH(name string) bool {
	return strings.HasPrefix(name[strings.LastIndexByte(name, '/')+1:], "nph-")
}
