module example.com/httpserver/internal/bench

go 1.26.5

replace example.com/httpserver => ../..

require (
	example.com/httpserver v0.0.0-00010101000000-000000000000
	github.com/valyala/fasthttp v1.77.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/molecule-man/go-brrr v1.3.0 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
