// Overrides shows that a method overrides the library's from any depth: App
// embeds Site, Site embeds SimpleHandler, and the library calls the outermost.
//
//	go run ./examples/overrides -dir . -docs /usr/share/doc
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"example.com/httpserver"
)

// App is a Site with a field of its own on every answer and a log of its own.
type App struct {
	Site
	Log *log.Logger
}

// EndHeaders adds a field to every answer: files, listings, redirects, errors.
func (h *App) EndHeaders() {
	h.SendHeader("X-Frame-Options", "DENY")
	h.Site.EndHeaders()
}

// ErrorPage is called by Site, for the library's errors.
func (h *App) ErrorPage(code int) string {
	if code == 404 {
		return "<p>There is no such page. <a href=/>Start again</a>\n"
	}
	return h.Site.ErrorPage(code)
}

// LogMessage sends the log to Log. A request line may hold control characters,
// which the library's own LogMessage escapes: so does %q.
func (h *App) LogMessage(format string, args ...any) {
	h.Log.Printf("%s %q", h.AddressString(), fmt.Sprintf(format, args...))
}

// NewApp gives an App that serves dir, and docs under /docs/.
func NewApp(dir, docs string, logger *log.Logger) *App {
	app := &App{Site: Site{Docs: docs}, Log: logger}
	app.Directory = dir
	return app
}

func main() {
	addr := flag.String("addr", "localhost:8000", "where to listen")
	dir := flag.String("dir", ".", "the directory to serve")
	docs := flag.String("docs", "/usr/share/doc", "the directory to serve under /docs/")
	flag.Parse()
	srv, err := httpserver.NewThreadingServer(*addr, NewApp(*dir, *docs, log.New(os.Stdout, "", log.LstdFlags)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%v/docs/\n", srv.ServerAddress())
	log.Fatal(srv.ServeForever())
}
