module example.com/httpserver/internal/bench

go 1.26.5

replace example.com/httpserver => ../..

require example.com/httpserver v0.0.0-00010101000000-000000000000

require (
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
