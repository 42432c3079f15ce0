// Jsonapi keeps notes and serves them as JSON, to the pages of any site.
//
//	curl localhost:8000/notes
//	curl --json '{"text": "eggs"}' localhost:8000/notes
//	curl localhost:8000/notes/1
//	curl -X DELETE localhost:8000/notes/1
//
// Interrupt ends it when the requests in flight have their answers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/httpserver"
)

func main() {
	addr := flag.String("addr", "localhost:8000", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	srv, err := httpserver.NewThreadingServer(*addr, NewAPI())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%v/notes\n", srv.ServerAddress())
	if err := serve(ctx, srv); err != nil {
		log.Fatal(err)
	}
}

// serve serves until ctx ends, and then until the requests in flight have their
// answers.
func serve(ctx context.Context, srv *httpserver.ThreadingServer) error {
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		srv.Shutdown(grace)
	})
	defer stop()
	if err := srv.ServeForever(); !errors.Is(err, httpserver.ErrServerClosed) {
		return err
	}
	return nil
}
