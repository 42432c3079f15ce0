// Cgi runs a script: cgi-bin/form.sh, a form that greets who fills it in.
//
//	go run ./examples/cgi
//	curl -d name=Ada localhost:8000/cgi-bin/form.sh
//
// The command does the same: httpserver --cgi -d examples/cgi.
package main

import (
	"flag"
	"fmt"
	"log"

	"example.com/httpserver"
)

func newServer(addr, dir string) (*httpserver.ThreadingServer, error) {
	h := &httpserver.CGIHandler{CGIMaxBody: 1 << 16}
	h.ProtocolVersion = "HTTP/1.1"
	h.Directory = dir
	return httpserver.NewThreadingServer(addr, h)
}

func main() {
	addr := flag.String("addr", "localhost:8000", "where to listen")
	dir := flag.String("dir", "examples/cgi", "the folder that has a cgi-bin")
	flag.Parse()
	srv, err := newServer(*addr, *dir)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%v/cgi-bin/form.sh\n", srv.ServerAddress())
	log.Fatal(srv.ServeForever())
}
