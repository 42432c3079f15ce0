package http1

import "strings"

// Framing is what a head says about the message it begins and about the
// connection that carries it.
type Framing struct {
	Length    int64  // bytes of body that follow the head, where it is not chunked
	Chunked   bool   // the body is chunked
	Host      string // the host that is meant (RFC 9112 §3.3), as sent, with its port
	Close     bool   // Connection names "close"
	KeepAlive bool   // Connection names "keep-alive", and not "close"
	Expect    string // the value of Expect, all lines joined by ", "
}

// ReadFraming reads the framing from a request line and its fields
// (RFC 9112 §3.2, §6). Two readings of one message are how requests are
// smuggled, so whatever could be read in two ways is a 400.
func ReadFraming(l *RequestLine, fields []Field) (f Framing, err *Error) {
	var hosts, lengths int
	var length string
	var codings, expectations []string
	for i := range fields {
		field := &fields[i]
		switch len(field.Name) {
		case len("Host"):
			if EqualName(field.Name, "Host") {
				hosts++
				f.Host = field.Value
			}
		case len("Expect"):
			if EqualName(field.Name, "Expect") {
				if field.Value != "" { // an empty line adds nothing to a list (RFC 9110 §5.6.1)
					expectations = append(expectations, field.Value)
				}
			}
		case len("Connection"):
			if EqualName(field.Name, "Connection") {
				f.readConnection(field.Value)
			}
		case len("Content-Length"):
			if EqualName(field.Name, "Content-Length") {
				lengths++
				length = field.Value
			}
		case len("Transfer-Encoding"):
			if EqualName(field.Name, "Transfer-Encoding") {
				codings = append(codings, field.Value)
			}
		}
	}
	f.KeepAlive = f.KeepAlive && !f.Close
	if expectations != nil {
		f.Expect = strings.Join(expectations, ", ")
	}
	if err = f.checkHost(l, hosts); err != nil {
		return Framing{}, err
	}
	if codings != nil {
		if err = checkCodings(l, codings, lengths); err != nil {
			return Framing{}, err
		}
		f.Chunked = true
	}
	if lengths > 0 {
		n, ok := ParseContentLength(length)
		if !ok || lengths > 1 {
			return Framing{}, &Error{Status: 400, Message: "Bad Content-Length", Rule: "RFC 9112 §6.3",
				Explain: "Content-Length is one decimal number, given once"}
		}
		f.Length = n
	}
	return f, nil
}

// readConnection notes the connection options of one Connection line
// (RFC 9110 §7.6.1).
func (f *Framing) readConnection(value string) {
	switch value {
	case "keep-alive":
		f.KeepAlive = true
		return
	case "close":
		f.Close = true
		return
	}
	f.Close = f.Close || HasToken(value, "close")
	f.KeepAlive = f.KeepAlive || HasToken(value, "keep-alive")
}

// HasToken reports whether a list (RFC 9110 §5.6.1) has a token, in any case.
func HasToken(list, token string) bool {
	for {
		comma := strings.IndexByte(list, ',')
		if comma < 0 {
			return EqualName(TrimOWS(list), token)
		}
		if EqualName(TrimOWS(list[:comma]), token) {
			return true
		}
		list = list[comma+1:]
	}
}

// checkHost holds a request to RFC 9112 §3.2: one Host and no more from
// HTTP/1.1 on, and one that is valid, in every version. The authority of an
// absolute-form or authority-form target takes its place (§3.3).
func (f *Framing) checkHost(l *RequestLine, hosts int) *Error {
	explain := ""
	switch {
	case hosts > 1:
		explain = "A request names one Host"
	case hosts == 0 && l.AtLeast(1, 1):
		explain = "A request of HTTP/1.1 names its Host"
	case hosts == 1 && !ValidHost(f.Host):
		explain = "The value of Host is not a host with an optional port"
	}
	if explain != "" {
		return &Error{Status: 400, Message: "Bad Host header", Explain: explain, Rule: "RFC 9112 §3.2"}
	}
	if l.Method == "CONNECT" {
		f.Host = l.Target
	} else if _, authority, _, ok := CutAbsolute(l.Target); ok {
		if !ValidHost(authority) {
			return &Error{Status: 400, Message: "Bad request target", Rule: "RFC 9112 §3.2.2",
				Explain: "The authority of the request target is not a host with an optional port"}
		}
		f.Host = authority
	}
	return nil
}

// checkCodings lets a Transfer-Encoding pass that is chunked and nothing else.
// It answers others with 400 where the framing is in doubt, and with 501 where
// it is clear but there are codings below it that we do not know (RFC 9112 §6.1).
func checkCodings(l *RequestLine, lines []string, lengths int) *Error {
	bad := func(rule, explain string) *Error {
		return &Error{Status: 400, Message: "Bad Transfer-Encoding", Explain: explain, Rule: rule}
	}
	chunked, last, unknown, empty := 0, "", false, false
	for _, line := range lines {
		for coding := range strings.SplitSeq(line, ",") {
			switch last = TrimOWS(coding); {
			case EqualName(last, "chunked"):
				chunked++
			case last == "":
				empty = true
			default:
				unknown = true
			}
		}
	}
	switch {
	case lengths > 0:
		return bad("RFC 9112 §6.1", "Transfer-Encoding and Content-Length exclude each other")
	case !l.AtLeast(1, 1):
		return bad("RFC 9112 §6.1", "Transfer-Encoding came with HTTP/1.1")
	case !EqualName(last, "chunked"):
		return bad("RFC 9112 §6.3", "The last transfer coding of a request is chunked")
	case chunked > 1:
		return bad("RFC 9112 §7", "A body is chunked once")
	case empty:
		return bad("RFC 9110 §5.6.1", "A list of transfer codings has no empty members")
	case unknown:
		return &Error{Status: 501, Message: "Unsupported transfer coding", Rule: "RFC 9112 §6.1"}
	}
	return nil
}

// ParseContentLength parses the value of Content-Length (RFC 9110 §8.6):
//
//	Content-Length = 1*DIGIT
//
// A number that is beyond an int64 is none, and so is a list, though RFC 9110
// lets a recipient forgive one whose members agree.
func ParseContentLength(value string) (n int64, ok bool) {
	for i := range len(value) {
		d := int64(value[i] - '0')
		if !isDigit(value[i]) || n > (1<<63-1)/10 || n*10 > 1<<63-1-d {
			return 0, false
		}
		n = n*10 + d
	}
	return n, value != ""
}
