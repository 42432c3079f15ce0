module example.com/httpserver/internal/bench

go 1.26.5

replace example.com/httpserver => ../..
