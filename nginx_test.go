package httpserver_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// An nginx is how nginx answers where it does so in another way, and why we do not.
type nginx struct{ gist, why string }

// alike says that nginx gives the same answer.
var alike nginx

// The reasons, as README.md has them.
const (
	youngTag        = "a file can change twice within a tick of its clock, and no strong tag would show it: RFC 9110 §8.8.1"
	laterThanDate   = "caches would take it for fresh until then: RFC 9110 §8.8.2.1"
	listInLines     = "lines of one name are one list: RFC 9110 §5.3"
	blanksAround    = "the white space around a value is no part of it: RFC 9110 §5.5"
	exactDate       = "the file has not been changed since: RFC 9110 §13.1.3"
	firstDate       = "so does http.server"
	datesBesideTags = "a tag is more accurate than a date: RFC 9110 §13.1.3, §13.1.4"
	noDate          = "what is no date has to be ignored: RFC 9110 §13.1.4"
	severalValues   = "a list of dates has to be ignored, and no list of tags can hold: RFC 9110 §13.1.4, §13.1.5"
	rangeOfHEAD     = "a Range is for GET: RFC 9110 §14.2"
	notValid        = "it may be ignored, and the client gets what it can use: RFC 9110 §14.2"
	rangesAreAList  = "lists may have blanks and empty members: RFC 9110 §5.6.1.2"
	validInPart     = "one range that is not valid makes all of them so: RFC 9110 §14.1.1"
	largeNumbers    = "a number may have any length: RFC 9110 §14.1.2"
	rangeOfNothing  = "there is no first byte: RFC 9110 §14.1.2"
	twoRanges       = "nobody can tell which is meant: RFC 9110 §5.3"
	overlaps        = "no byte need be sent twice: RFC 9110 §15.3.7.2"
	tooManyRanges   = "they cost more than the file does: RFC 9110 §17.15"
	mayGoOn         = "the client may ask for more: RFC 9110 §14.3"
	onlyTag         = "the tag says which version it is: RFC 9110 §15.4.5"
	redirectPage    = "so is http.server's"
)

// TestNginx sends the same requests to nginx. Where its answers are others, the row says so, and why.
func TestNginx(t *testing.T) {
	s := &fileServer{files: conditionFiles(), dir: plantConditionFiles(t)}
	addr := startNginx(t, s.dir)
	s.addr = func(string) string { return addr }
	kinds := map[string]string{}
	for _, section := range conditions {
		t.Run(section.section, func(t *testing.T) {
			for _, c := range section.rows {
				for _, version := range conditionVersions {
					a := s.ask(t, c.request, version)
					if complaint := compareNginx(a.gist, c.want, c.nginx); complaint != "" {
						t.Errorf("%s: %s, HTTP/%s: %s\n%.800q", c.name, c.request, version, complaint, a.stream)
					}
					if fields, ok := kinds[a.kind]; ok && fields != a.fields {
						t.Errorf("%s: %s, HTTP/%s: %s has the fields %s, and before had %s", c.name, c.request, version, a.kind, a.fields, fields)
					}
					kinds[a.kind] = a.fields
				}
			}
		})
	}
	for _, f := range conditionFields {
		if complaint := compareNginx(kinds[f.kind], f.want, f.nginx); complaint != "" {
			t.Errorf("fields of %s: %s", f.kind, complaint)
		}
	}
}

// compareNginx says what is wrong with what a row says of nginx, or "".
func compareNginx(got, ours string, theirs nginx) string {
	switch {
	case theirs == alike && got != ours:
		return fmt.Sprintf("nginx answers %s, we %s, and nothing says why", got, ours)
	case theirs != alike && got == ours:
		return fmt.Sprintf("nginx answers %s as we do, and the row says %s", got, theirs.gist)
	case theirs != alike && got != theirs.gist:
		return fmt.Sprintf("nginx answers %s, and the row says %s", got, theirs.gist)
	}
	return ""
}

// TestNginxInReadme holds README.md's table of what nginx does in another way to what TestNginx knows: each reason is in
// it, and nothing else.
func TestNginxInReadme(t *testing.T) {
	used := map[string]bool{}
	check := func(name, want string, theirs nginx) {
		if theirs == alike {
			return
		}
		if used[theirs.why] = true; theirs.why == "" || theirs.gist == want {
			t.Errorf("%s: nginx answers %q, we %q, because %q", name, theirs.gist, want, theirs.why)
		}
	}
	for _, section := range conditions {
		for _, c := range section.rows {
			check(section.section+", "+c.name, c.want, c.nginx)
		}
	}
	for _, f := range conditionFields {
		check("fields of "+f.kind, f.want, f.nginx)
	}
	file, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(file), "### Conditions and ranges, compared with nginx\n")
	if !ok {
		t.Fatal("README.md has no section about nginx")
	}
	section, _, _ = strings.Cut(section, "\n#")
	said := map[string]bool{}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.TrimSuffix(line, " |\n"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 4 || cells[3] == "Why" {
			continue
		}
		if said[cells[3]] || !used[cells[3]] {
			t.Errorf("README.md has this twice, or for no difference: %s", line)
		}
		said[cells[3]] = true
	}
	for why := range used {
		if !said[why] {
			t.Errorf("README.md does not say: %s", why)
		}
	}
}

// startNginx starts nginx over dir, until the test ends, and gives its address. It gets a socket that listens already, as
// it would from the nginx whose place it takes: so nobody has to find a free port, or to wait.
func startNginx(t *testing.T, dir string) string {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+"/usr/sbin") // where ordinary users do not look
	path := program(t, "nginx")
	l := listen(t)
	defer l.Close()
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	own := t.TempDir()
	config := filepath.Join(own, "nginx.conf")
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // as whom it would answer otherwise may not read what is the test's own
	}
	err = os.WriteFile(config, fmt.Appendf(nil, `%s
daemon off;
pid pid;
events {}
http {
	access_log off;
	log_not_found off;
	client_body_temp_path temp;
	proxy_temp_path temp;
	fastcgi_temp_path temp;
	uwsgi_temp_path temp;
	scgi_temp_path temp;
	default_type application/octet-stream;
	server {
		listen %s;
		root %q;
	}
}
`, user, l.Addr(), dir), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "-p", own, "-c", config, "-e", "stderr")
	var log bytes.Buffer
	cmd.Stderr = &log
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Env = append(os.Environ(), "NGINX=3;")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it ends the process that works for it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cmd.Wait()
		if t.Failed() {
			t.Logf("nginx says: %s", &log)
		}
	})
	return l.Addr().String()
}
