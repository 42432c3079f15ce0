// Spam answers a verb of its own: a method named DoSPAM is all it takes.
//
//	curl -X SPAM localhost:8000/eggs
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"strconv"

	"example.com/httpserver"
)

// Cafe answers GET and SPAM.
type Cafe struct{ httpserver.BaseHandler }

// DoGET answers GET.
func (h *Cafe) DoGET() { h.serve("Egg and bacon, without " + h.Path + "\n") }

// DoSPAM answers SPAM.
func (h *Cafe) DoSPAM() { h.serve("Spam, spam, " + h.Path + " and spam\n") }

func (h *Cafe) serve(dish string) {
	h.SendResponse(200, "Lovely "+h.Command)
	h.SendHeader("Content-Type", "text/plain; charset=utf-8")
	h.SendHeader("Content-Length", strconv.Itoa(len(dish)))
	h.EndHeaders()
	io.WriteString(h.WFile, dish)
}

func newServer(addr string) (*httpserver.ThreadingServer, error) {
	return httpserver.NewThreadingServer(addr, &Cafe{})
}

func main() {
	addr := flag.String("addr", "localhost:8000", "where to listen")
	flag.Parse()
	srv, err := newServer(*addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("curl -X SPAM http://%v/eggs\n", srv.ServerAddress())
	log.Fatal(srv.ServeForever())
}
