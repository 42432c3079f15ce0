//go:build unix

package httpserver_test

import (
	"cmp"
	"crypto/md5"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"example.com/httpserver"
)

// phpPages are pages, and what becomes of them.
var phpPages = []struct {
	name, text string
	r          cgiRequest
	want       string
	logged     []string
}{
	{"a page", `<p><?= htmlspecialchars($_GET['name'] ?? 'nobody') ?>`, cgiRequest{target: "?name=%3CAda%3E"}, phpHTML + "\n<p>&lt;Ada&gt;", nil},
	{"HEAD", `<p>text`, cgiRequest{method: "HEAD"}, phpHTML + "\n", nil},
	{"what php-cgi is told", `<?php echo json_encode([$_SERVER['PHP_SELF'], $_SERVER['PATH_INFO'], $_SERVER['QUERY_STRING'], $_SERVER['REQUEST_URI'],
		$_SERVER['HTTP_HOST'], basename($_SERVER['SCRIPT_FILENAME']), basename(__FILE__), ini_get('cgi.force_redirect'), $_SERVER['REDIRECT_STATUS']], JSON_UNESCAPED_SLASHES);`,
		cgiRequest{target: "/a/b?c=d"}, phpHTML + "\n" + `["PAGE/a/b","/a/b","c=d","PAGE/a/b?c=d","site.example","page.php","page.php","1","200"]`, nil},
	{"a form", `<?= $_POST['name'], ' ', implode(',', $_POST['a']), ' ', $_COOKIE['g'], ' ', $_REQUEST['q'] ?? 'none'; ?>`,
		cgiRequest{method: "POST", target: "?q=r", fields: []string{form, "Cookie: e=f; g=h"}, body: "name=Ada+L%C3%B6w&a[]=1&a[]=2"}, phpHTML + "\nAda Löw 1,2 h r", nil},
	{"a form in chunks", `<?= strlen($_POST['name']) ?>`,
		cgiRequest{method: "POST", fields: []string{form}, body: "name=" + strings.Repeat("x", 1<<18), chunked: true}, phpHTML + "\n262144", nil},
	{"an upload", `<?php
		$f = $_FILES['file'];
		echo $f['name'], ' ', $f['type'], ' ', $f['size'], ' ', $f['error'], ' ', md5_file($f['tmp_name']), ' ', (int) is_uploaded_file($f['tmp_name']), ' ', $_POST['field'];`,
		cgiRequest{method: "POST", fields: []string{"Content-Type: multipart/form-data; boundary=b"}, body: uploadForm(), chunked: true},
		phpHTML + fmt.Sprintf("\na b.txt text/x-spam 300000 0 %x 1 value", md5.Sum(noise(1, 300_000))), nil},
	{"fields and cookies", `<?php header('X-Spam: eggs'); header('X-Twice: 1'); header('X-Twice: 2', false); setcookie('a', 'b c'); setcookie('d', 'e', ['path' => '/', 'httponly' => true]);`,
		cgiRequest{}, "200 OK\nContent-Type: text/html; charset=UTF-8\nSet-Cookie: a=b%20c\nSet-Cookie: d=e; path=/; HttpOnly\nX-Spam: eggs\nX-Twice: 1\nX-Twice: 2\n\n", nil},
	{"another type", `<?php header('Content-Type: application/json'); echo '{}';`, cgiRequest{}, "200 OK\nContent-Type: application/json\n\n{}", nil},
	{"its own length", `<?php header('Content-Length: 4'); echo 'spam';`, cgiRequest{}, phpHTML + "\nspam", nil},
	{"a status", `<?php http_response_code(404); echo 'none';`, cgiRequest{}, "404 Not Found\n" + phpType + "\nnone", nil},
	{"a status with words", `<?php header('HTTP/1.1 418 Short and stout'); echo 'tea';`, cgiRequest{}, "418 Short and stout\n" + phpType + "\ntea", nil},
	{"no content", `<?php http_response_code(204);`, cgiRequest{}, "204 No Content\n" + phpType + "\n", nil},
	{"not modified", `<?php http_response_code(304); header('ETag: "x"');`, cgiRequest{}, "304 Not Modified\nEtag: *\n\n", nil},
	// It sends a Status with it, so no such redirect is served inside.
	{"a redirect", `<?php header('Location: /page.txt');`, cgiRequest{}, "302 Found\n" + phpType + "Location: /page.txt\n\n", nil},
	{"a redirect elsewhere", `<?php header('Location: http://elsewhere.example/?a#b', true, 308); echo 'there';`, cgiRequest{}, "308 Permanent Redirect\n" + phpType + "Location: http://elsewhere.example/?a#b\n\nthere", nil},
	{"after a form", `<?php header('Location: done', true, 303);`, cgiRequest{method: "POST", fields: []string{form}, body: "a=b"}, "303 See Other\n" + phpType + "Location: done\n\n", nil},
	{"a warning", `<?php echo $none, 'done';`, cgiRequest{}, phpHTML + "\ndone", []string{"PHP Warning:  Undefined variable $none in "}},
	{"words for the log", `<?php error_log("one\ntwo"); echo 'done';`, cgiRequest{}, phpHTML + "\ndone", []string{"one", "two"}},
	{"a body that nobody reads", `<?php echo 'done';`, cgiRequest{method: "POST", fields: []string{"Content-Type: application/octet-stream"}, body: strings.Repeat("x", 1<<18)}, phpHTML + "\ndone", nil},
	// At the end, since that a script has failed may be logged after the answer.
	{"a fatal error", `<?php no_such_function();`, cgiRequest{}, "500 Internal Server Error\n" + phpType + "\n",
		[]string{"PHP Fatal error:  Uncaught Error: Call to undefined function no_such_function()", "exit code 255"}},
	{"a fatal error, after output", `<?php echo 'part'; no_such_function();`, cgiRequest{}, "500 Internal Server Error\n" + phpType + "\npart", []string{"PHP Fatal error:", "exit code 255"}},
	{"a syntax error", `<?php echo 'x`, cgiRequest{}, "500 Internal Server Error\n" + phpType + "\n", []string{"PHP Parse error:", "exit code 255"}},
}

const (
	form    = "Content-Type: application/x-www-form-urlencoded"
	phpType = "Content-Type: text/html; charset=UTF-8\n"
	phpHTML = "200 OK\n" + phpType
)

// TestPHP runs pages in the two ways in which php-cgi finds them: as scripts that
// begin with "#!", and by a script that stands before them all.
func TestPHP(t *testing.T) {
	program(t, "curl")
	program(t, "php-cgi")
	t.Run("as scripts", func(t *testing.T) {
		h := newCGISite(t)
		h.everyVersion(t, func(t *testing.T, s *httpserver.ThreadingServer) {
			for _, tc := range phpPages {
				h.script(t, "page.php", "#!/usr/bin/env php-cgi\n"+tc.text)
				const target = "/cgi-bin/page.php"
				tc.r.target = target + tc.r.target
				askAll(t, s, tc.name, tc.r, strings.ReplaceAll(tc.want, "PAGE", target))
				h.checkLog(t, tc.logged)
			}
		})
	})
	t.Run("by a script before them", func(t *testing.T) {
		h := newCGISite(t)
		h.ProtocolVersion = "HTTP/1.1"
		h.script(t, "php", "#!/bin/sh\nexport SCRIPT_FILENAME=\"$PATH_TRANSLATED\"\nexec php-cgi\n")
		s := serveDuring(t, h, h.logTo)
		for _, tc := range phpPages {
			if tc.name == "what php-cgi is told" {
				continue // it takes its own PATH_INFO off the file's name, and so another one
			}
			save(t, []byte(tc.text), h.Directory, "page.php")
			tc.r.target = "/cgi-bin/php/page.php" + tc.r.target
			tc.r.method = cmp.Or(tc.r.method, "GET")
			if got := askRaw11(t, s, tc.r); got != tc.want {
				t.Errorf("%s: %s\ngot  %.1000q\nwant %.1000q", tc.name, tc.r, got, tc.want)
			}
			h.checkLog(t, tc.logged)
		}
	})
}

// TestPHPUpload: curl's own form comes to a page, with the file in it, and a
// password that is passed on.
func TestPHPUpload(t *testing.T) {
	program(t, "curl")
	program(t, "php-cgi")
	h := newCGISite(t)
	h.ProtocolVersion = "HTTP/1.1"
	h.CGIPassAuthorization = true
	h.script(t, "page.php", "#!/usr/bin/env php-cgi\n<?= $_POST['name'], ' ', $_FILES['file']['name'], ' ', md5_file($_FILES['file']['tmp_name']), ' ', $_SERVER['PHP_AUTH_USER'], ' ', $_SERVER['PHP_AUTH_PW'] ?>")
	url := "http://" + serveDuring(t, h).ServerAddress().String() + "/cgi-bin/page.php"
	content := noise(2, 1_500_000) // php takes 2 MB
	file := filepath.Join(t.TempDir(), "file.bin")
	save(t, content, file)
	for _, args := range [][]string{nil, {"-0"}, {"-H", "Expect: 100-continue"}, {"-H", "Transfer-Encoding: chunked"}} {
		got, _ := run(t, "curl", append(args, "-sS", "--noproxy", "*", "--max-time", "9", "-u", "alice:secret", "-F", "name=Ada", "-F", "file=@"+file, url)...)
		if want := fmt.Sprintf("Ada file.bin %x alice secret", md5.Sum(content)); got != want {
			t.Errorf("%q: %.300q, want %q", args, got, want)
		}
	}
	h.checkLog(t, nil)
}
