package http1

import "testing"

func TestReadFraming(t *testing.T) {
	const h = "Host: x\r\n"
	for _, tc := range []struct {
		name, line, section string
		want                Framing
		status              int
	}{
		{"RFC 9112 §6.3 no body", "GET / HTTP/1.1", h, Framing{Host: "x"}, 0},
		{"RFC 9112 §6.3 a length", "POST / HTTP/1.1", h + "Content-Length: 5\r\n", Framing{Host: "x", Length: 5}, 0},
		{"RFC 9110 §8.6 leading zeros", "POST / HTTP/1.1", h + "content-length: 005\r\n", Framing{Host: "x", Length: 5}, 0},
		{"RFC 9110 §8.6 the largest", "POST / HTTP/1.1", h + "Content-Length: 9223372036854775807\r\n", Framing{Host: "x", Length: 1<<63 - 1}, 0},
		{"RFC 9110 §8.6 beyond", "POST / HTTP/1.1", h + "Content-Length: 9223372036854775808\r\n", Framing{}, 400},
		{"RFC 9110 §8.6 far beyond", "POST / HTTP/1.1", h + "Content-Length: 99999999999999999999999\r\n", Framing{}, 400},
		{"RFC 9110 §8.6 a sign", "POST / HTTP/1.1", h + "Content-Length: +5\r\n", Framing{}, 400},
		{"RFC 9110 §8.6 negative", "POST / HTTP/1.1", h + "Content-Length: -5\r\n", Framing{}, 400},
		{"RFC 9110 §8.6 hex", "POST / HTTP/1.1", h + "Content-Length: 0x5\r\n", Framing{}, 400},
		{"RFC 9110 §8.6 empty", "POST / HTTP/1.1", h + "Content-Length:\r\n", Framing{}, 400},
		{"RFC 9110 §8.6 a list", "POST / HTTP/1.1", h + "Content-Length: 5, 5\r\n", Framing{}, 400},
		{"RFC 9110 §8.6 a blank inside", "POST / HTTP/1.1", h + "Content-Length: 5 5\r\n", Framing{}, 400},
		{"RFC 9112 §6.3 two that differ", "POST / HTTP/1.1", h + "Content-Length: 5\r\nContent-Length: 6\r\n", Framing{}, 400},
		{"RFC 9112 §6.3 two alike", "POST / HTTP/1.1", h + "Content-Length: 5\r\ncontent-length: 5\r\n", Framing{}, 400},

		{"RFC 9112 §6.1 with a length", "POST / HTTP/1.1", h + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Framing{}, 400},
		{"RFC 9112 §6.1 before a length", "GET / HTTP/1.1", h + "TRANSFER-ENCODING: chunked\r\ncontent-length: 5\r\n", Framing{}, 400},
		{"RFC 9112 §6.1 on HTTP/1.0", "POST / HTTP/1.0", h + "Transfer-Encoding: chunked\r\n", Framing{}, 400},
		{"RFC 9112 §6.3 not chunked", "POST / HTTP/1.1", h + "Transfer-Encoding: gzip\r\n", Framing{}, 400},
		{"RFC 9112 §6.3 chunked not last", "POST / HTTP/1.1", h + "Transfer-Encoding: chunked, gzip\r\n", Framing{}, 400},
		{"RFC 9112 §6.3 chunked not last, on two lines", "POST / HTTP/1.1", h + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", Framing{}, 400},
		{"RFC 9112 §6.3 identity", "POST / HTTP/1.1", h + "Transfer-Encoding: identity\r\n", Framing{}, 400},
		{"RFC 9112 §6.3 empty", "POST / HTTP/1.1", h + "Transfer-Encoding:\r\n", Framing{}, 400},
		{"RFC 9112 §6.3 a parameter", "POST / HTTP/1.1", h + "Transfer-Encoding: chunked;x=y\r\n", Framing{}, 400},
		{"RFC 9112 §7 chunked twice", "POST / HTTP/1.1", h + "Transfer-Encoding: chunked, chunked\r\n", Framing{}, 400},
		{"RFC 9112 §7 chunked on two lines", "POST / HTTP/1.1", h + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Framing{}, 400},
		{"RFC 9112 §6.1 a coding we do not know", "POST / HTTP/1.1", h + "Transfer-Encoding: gzip, chunked\r\n", Framing{}, 501},
		{"RFC 9112 §7.1 chunked", "POST / HTTP/1.1", h + "Transfer-Encoding: Chunked\r\n", Framing{Host: "x", Chunked: true}, 0},
		{"RFC 9110 §5.6.1 an empty member", "POST / HTTP/1.1", h + "Transfer-Encoding: , chunked\r\n", Framing{}, 400},
		{"RFC 9110 §5.6.1 an empty line", "POST / HTTP/1.1", h + "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n", Framing{}, 400},
		{"RFC 9112 §3.3 authority-form wins", "CONNECT other:443 HTTP/1.1", h, Framing{Host: "other:443"}, 0},

		{"RFC 9112 §3.2 no Host on HTTP/1.1", "GET / HTTP/1.1", "A: b\r\n", Framing{}, 400},
		{"RFC 9112 §3.2 no Host on HTTP/1.5", "GET / HTTP/1.5", "A: b\r\n", Framing{}, 400},
		{"RFC 9112 §3.2 no Host on HTTP/1.0", "GET / HTTP/1.0", "A: b\r\n", Framing{}, 0},
		{"RFC 9112 §3.2 two Hosts", "GET / HTTP/1.1", h + "HOST: x\r\n", Framing{}, 400},
		{"RFC 9112 §3.2 two Hosts on HTTP/1.0", "GET / HTTP/1.0", h + h, Framing{}, 400},
		{"RFC 9112 §3.2 a Host that is none", "GET / HTTP/1.0", "Host: a b\r\n", Framing{}, 400},
		{"RFC 9112 §3.2.2 absolute-form wins", "GET http://other:81/ HTTP/1.1", h, Framing{Host: "other:81"}, 0},
		{"RFC 9112 §3.2.2 absolute-form still needs Host", "GET http://other/ HTTP/1.1", "A: b\r\n", Framing{}, 400},
		{"RFC 9112 §3.2.2 absolute-form with user", "GET http://u@other/ HTTP/1.1", h, Framing{}, 400},
		{"RFC 9112 §3.2.4 asterisk-form", "OPTIONS * HTTP/1.1", h, Framing{Host: "x"}, 0},

		{"RFC 9110 §7.6.1 close", "GET / HTTP/1.1", h + "Connection: CLOSE\r\n", Framing{Host: "x", Close: true}, 0},
		{"RFC 9110 §7.6.1 keep-alive", "GET / HTTP/1.0", "Connection: Keep-Alive\r\n", Framing{KeepAlive: true}, 0},
		{"RFC 9110 §7.6.1 in a list", "GET / HTTP/1.1", h + "Connection: x ,\tclose,\r\n", Framing{Host: "x", Close: true}, 0},
		{"RFC 9112 §9.6 close wins", "GET / HTTP/1.1", h + "Connection: close\r\nconnection: keep-alive\r\n", Framing{Host: "x", Close: true}, 0},
		{"RFC 9110 §7.6.1 parts of words", "GET / HTTP/1.1", h + "Connection: closed, keep-alives\r\n", Framing{Host: "x"}, 0},
		{"RFC 9110 §10.1.1 Expect", "POST / HTTP/1.1", h + "Expect: 100-continue\r\n", Framing{Host: "x", Expect: "100-continue"}, 0},
		{"RFC 9110 §5.6.1 empty Expects", "POST / HTTP/1.1", h + "Expect:\r\nExpect: 100-continue\r\nExpect:\r\n", Framing{Host: "x", Expect: "100-continue"}, 0},
		{"RFC 9110 §10.1.1 two Expects", "POST / HTTP/1.1", h + "Expect: 100-continue\r\nexpect: x\r\n", Framing{Host: "x", Expect: "100-continue, x"}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line, fault := ParseRequestLine(tc.line)
			if fault != nil {
				t.Fatal(fault)
			}
			fields, fault := ParseFields(tc.section+"\r\n", nil)
			if fault != nil {
				t.Fatal(fault)
			}
			got, err := ReadFraming(&line, fields)
			status := 0
			if err != nil {
				status = err.Status
			}
			if got != tc.want || status != tc.status {
				t.Errorf("%s %q\n got %+v, %v\nwant %+v, %d", tc.line, tc.section, got, err, tc.want, tc.status)
			}
		})
	}
}

func TestValidHost(t *testing.T) {
	for host, want := range map[string]bool{
		"x": true, "example.com": true, "example.com.": true, "127.0.0.1": true, "127.0.0.1:8000": true, "x:": true, "x:0": true,
		"x:65535": true, "[::1]": true, "[::1]:80": true, "[::ffff:1.2.3.4]": true, "[v1.a:b]": true, "a_b~!$&'()*+,;=": true, "%41": true, "x:00080": true,
		"": false, ":80": false, "a:b:c": false, "x:65536": false, "x:999999": false, "x:8o": false, "x:-1": false, "[::1": false, "::1": false, "[::1]x": false,
		"[]": false, "[1.2.3.4]": false, "[fe80::1%25eth0]": false, "[fe80::1%eth0]": false, "[v1.]": false, "[v.a]": false, "[vg.a]": false, "[v1]": false,
		"a b": false, "a/b": false, "a?b": false, "a#b": false, "u@h": false, "a,b:1:2": false, "%4": false, "%zz": false, "ä": false, "a\tb": false, `a\b`: false, "a[b]": false,
	} {
		if got := ValidHost(host); got != want {
			t.Errorf("ValidHost(%q) = %v", host, got)
		}
	}
}

func TestCutAbsolute(t *testing.T) {
	for _, tc := range []struct {
		target, scheme, authority, origin string
		ok                                bool
	}{
		{"http://h/x?y", "http://", "h", "/x?y", true},
		{"http://h:1", "http://", "h:1", "/", true},
		{"http://h?y", "http://", "h", "/?y", true},
		{"HTTPS://h/", "HTTPS://", "h", "/", true},
		{"javascript://h/", "", "", "javascript://h/", false},
		{"http:///x", "http://", "", "/x", true},
		{"/http://h/", "", "", "/http://h/", false},
		{"x/http://h/", "", "", "x/http://h/", false},
		{"1http://h/", "", "", "1http://h/", false},
		{"://h/", "", "", "://h/", false},
		{"http:/h", "", "", "http:/h", false},
		{"*", "", "", "*", false},
		{"", "", "", "", false},
	} {
		scheme, authority, origin, ok := CutAbsolute(tc.target)
		if scheme != tc.scheme || authority != tc.authority || origin != tc.origin || ok != tc.ok {
			t.Errorf("CutAbsolute(%q) = %q, %q, %q, %v", tc.target, scheme, authority, origin, ok)
		}
	}
}
