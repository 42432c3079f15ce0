package httpserver

// ServePortably has a server reach files in the way that every system has, though
// this one has a better way of its own. It is called before the server serves.
func ServePortably(s *Server) { s.roots.Portable = true }
