// Fasthttp is fasthttp as a server to be measured.
package main

import (
	"github.com/valyala/fasthttp"

	"example.com/httpserver/internal/bench/child"
)

func main() { child.Main(serve) }

func serve(o child.Options) error {
	s := fasthttp.Server{Handler: handler(o)}
	return s.ListenAndServe(o.Address)
}

// handler serves files from fasthttp's cache, which is stale for up to ten
// seconds, unless the variant is nocache.
func handler(o child.Options) fasthttp.RequestHandler {
	if o.Application != child.Files {
		return hello
	}
	fs := fasthttp.FS{
		Root:               o.Directory,
		GenerateIndexPages: true,
		AcceptByteRange:    true,
		SkipCache:          o.Variant == "nocache",
	}
	return fs.NewRequestHandler()
}

func hello(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("text/plain")
	if ctx.IsPost() {
		ctx.Write(ctx.PostBody())
		return
	}
	ctx.WriteString(child.Greeting)
}
