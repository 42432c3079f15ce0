// Static is an application with files: an endpoint of its own, and a folder
// with an index page for all the rest.
//
//	go run ./examples/static
//	curl localhost:8000/api/time
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"example.com/httpserver"
)

// App answers /api/time itself and leaves the rest to SimpleHandler.
type App struct {
	httpserver.SimpleHandler
	Now func() time.Time
}

// NewApp gives an App that serves the files of dir.
func NewApp(dir string) *App {
	app := &App{Now: time.Now}
	app.ProtocolVersion = "HTTP/1.1"
	app.Directory = dir
	return app
}

// SendHead answers for /api/time as SimpleHandler does for files: up to the end
// of the head. GET copies the content that it returns, and HEAD drops it.
func (h *App) SendHead() io.ReadCloser {
	if path, _, _ := strings.Cut(h.Path, "?"); path != "/api/time" {
		return h.SimpleHandler.SendHead()
	}
	body := h.Now().UTC().AppendFormat(nil, `{"time":"2006-01-02T15:04:05Z"}`)
	h.SendResponse(200, "")
	h.SendHeader("Content-Type", "application/json")
	h.SendHeader("Content-Length", strconv.Itoa(len(body)))
	h.SendHeader("Cache-Control", "no-store")
	h.EndHeaders()
	return io.NopCloser(bytes.NewReader(body))
}

func main() {
	addr := flag.String("addr", "localhost:8000", "where to listen")
	dir := flag.String("dir", "examples/static/site", "the folder to serve")
	flag.Parse()
	srv, err := httpserver.NewThreadingServer(*addr, NewApp(*dir))
	if err != nil {
		log.Fatal(err)
	}
	srv.Logger = slog.New(slog.NewJSONHandler(os.Stdout, nil))
	fmt.Printf("http://%v/\n", srv.ServerAddress())
	log.Fatal(srv.ServeForever())
}
