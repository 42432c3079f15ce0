package cgi

import (
	"errors"
	"fmt"
	"strings"

	"example.com/httpserver/internal/http1"
	"example.com/httpserver/internal/pyrepr"
)

// A Head is what a script's header section says (RFC 3875 §6.3).
type Head struct {
	Status int
	Reason string // "" where the script gives none

	// Location is where the answer is to be found, if not here. Local says that
	// the server itself is to look for it, by a request for Location (§6.2.2); the
	// script has no answer of its own then.
	Location string
	Local    bool

	// ContentLength is what the script says of it, or -1.
	ContentLength int64

	// Fields are the ones to be sent, in the script's order and spelling: all but
	// Status, those without a value and those about the connection. Date and
	// Server may be among them.
	Fields []http1.Field
}

// ParseHead reads a script's header section up to the empty line that ends it.
//
//	generic-response = 1*header-field NL [ response-body ]
//
// The grammar is that of a request's fields, and so is its strictness: lines
// end with LF or CRLF. An error says what is wrong, for the log.
func ParseHead(section string) (*Head, error) {
	fields, fault := http1.ParseFields(section, nil)
	if fault != nil {
		return nil, badSection(section, fault)
	}
	h := &Head{ContentLength: -1}
	var count [kinds]int
	for _, f := range fields {
		if f.Value == "" {
			continue // which is as if the field were not there (§6.3)
		}
		k := kindOf(f.Name)
		count[k]++
		if k.isOnce() && count[k] > 1 {
			return nil, fmt.Errorf("there is a second %s", f.Name)
		}
		if err := h.set(k, f.Value); err != nil {
			return nil, err
		}
		if k != status && k != hopByHop {
			h.Fields = append(h.Fields, f)
		}
	}
	if count == [kinds]int{} {
		return nil, errors.New("there is no field")
	}
	h.classify(count[contentLength]+count[other] > 0)
	return h, nil
}

// set takes note of a field of that kind.
func (h *Head) set(k kind, value string) error {
	switch k {
	case status:
		return h.setStatus(value)
	case location:
		h.Location = value
	case contentLength:
		n, ok := http1.ParseContentLength(value)
		if !ok {
			return fmt.Errorf("the Content-Length is no number (%s)", quote(value))
		}
		h.ContentLength = n
	case transferEncoding:
		return errors.New("there is a Transfer-Encoding, which is for the server to send")
	}
	return nil
}

// setStatus reads a status (RFC 3875 §6.3.3):
//
//	Status = "Status:" status-code SP reason-phrase NL
//
// The reason may be missing together with the space before it. There is no
// interim answer to be had from a script, and a class of status that HTTP does
// not have is a mistake (RFC 9110 §15).
func (h *Head) setStatus(value string) error {
	code, reason, _ := strings.Cut(value, " ")
	if len(code) != 3 || code[0] < '2' || code[0] > '5' || !isDigit(code[1]) || !isDigit(code[2]) {
		return fmt.Errorf("the Status is none from 200 to 599 (%s)", quote(value))
	}
	h.Status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	h.Reason = reason
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// classify finds out which response it is (RFC 3875 §6.2). It is no local
// redirect if there are fields that could only mean an answer of the script's
// own, a status among them: "Status: 303" with "Location: /done" is for the
// client.
func (h *Head) classify(others bool) {
	switch {
	case h.Status != 0:
	case h.Location == "":
		h.Status = 200
	case !others && isLocal(h.Location):
		h.Status, h.Local, h.Fields = 200, true, nil
	default:
		h.Status = 302
	}
}

// isLocal reports whether a Location is a path of this server's, with or without
// a query (RFC 3875 §6.3.2). A fragment would be lost if it were one, since only
// the client can use it; "//host/" is another site to every client; and what
// holds a blank is no request target.
func isLocal(location string) bool {
	return location[0] == '/' && !strings.HasPrefix(location, "//") && !strings.ContainsAny(location, "# \t")
}

// A kind is what a field means to the server.
type kind int

const (
	other kind = iota
	status
	location
	contentType
	contentLength
	transferEncoding
	hopByHop // about the connection, which is the server's (RFC 3875 §6.3.4)
	kinds
)

// isOnce reports whether there may be but one such field: RFC 3875 §6.3 says so of
// its own three, and RFC 9112 §6.3 what two lengths come to.
func (k kind) isOnce() bool { return k >= status && k <= contentLength }

func kindOf(name string) kind {
	for i := range known {
		if http1.EqualName(name, known[i].name) {
			return known[i].kind
		}
	}
	return other
}

var known = []struct {
	name string
	kind kind
}{
	{"Content-Type", contentType},
	{"Content-Length", contentLength},
	{"Status", status},
	{"Location", location},
	{"Transfer-Encoding", transferEncoding},
	{"Connection", hopByHop},
	{"Keep-Alive", hopByHop},
	{"Proxy-Connection", hopByHop},
	{"TE", hopByHop},
	{"Trailer", hopByHop},
	{"Upgrade", hopByHop},
}

// badSection tells what the grammar has found. A status line at the beginning is
// the mistake of a script that would have its output sent as it is.
func badSection(section string, fault *http1.Error) error {
	if strings.HasPrefix(section, "HTTP/") {
		return errors.New("it begins with a status line, as only that of a script whose name begins with nph- may")
	}
	return errors.New(lowerFirst(fault.Message) + ": " + lowerFirst(fault.Explain))
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// maxQuoted bounds how much of a value an error repeats.
const maxQuoted = 80

func quote(value string) string {
	if len(value) > maxQuoted {
		value = value[:maxQuoted] + "..."
	}
	return pyrepr.Quote(value)
}
