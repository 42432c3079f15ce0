// Nethttp is net/http as a server to be measured.
package main

import (
	"io"
	"net/http"
	"net/http/cgi"
	"path/filepath"
	"strconv"

	"example.com/httpserver/internal/bench/child"
)

func main() { child.Main(serve) }

func serve(o child.Options) error {
	s := http.Server{Addr: o.Address, Handler: handler(o)}
	return s.ListenAndServe()
}

func handler(o child.Options) http.Handler {
	switch o.Application {
	case child.Files:
		return http.FileServer(http.Dir(o.Directory))
	case child.Scripts:
		mux := http.NewServeMux()
		mux.Handle(child.ScriptPath, &cgi.Handler{
			Path: filepath.Join(o.Directory, filepath.FromSlash(child.ScriptPath)),
			Root: child.ScriptPath,
		})
		return mux
	}
	return http.HandlerFunc(hello)
}

func hello(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	if r.Method != http.MethodPost {
		io.WriteString(w, child.Greeting)
		return
	}
	sent := make([]byte, min(r.ContentLength, 1<<20))
	if _, err := io.ReadFull(r.Body, sent); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(sent)))
	w.Write(sent)
}
