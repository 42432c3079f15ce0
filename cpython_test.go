//go:build unix

// The tree that both servers are asked about has names that Windows does not
// allow.

package httpserver_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/httpserver"
	"example.com/httpserver/internal/httpdate"
	"example.com/httpserver/internal/logline"
	"example.com/httpserver/internal/mimetypes"
	"example.com/httpserver/internal/pythontest"
	"example.com/httpserver/internal/wiretest"
)

// The versions that README.md's table of differences is exact for, and the protocols.
var (
	knownVersions  = []string{"3.11.2", "3.11.7", "3.12.1", "3.13.0"}
	knownProtocols = []string{"1.0", "1.1"}
)

var updateDifferences = flag.Bool("update-differences", false,
	"write what differs from the python3 on PATH to README.md; what is new stands under Unsorted there")

// TestCPython sends the requests of testdata/requests.txt to python3 -m http.server and to ours, over one tree of files.
// Status lines, field lines, contents and log lines are the same, byte for byte, but for the rows of README.md's table.
func TestCPython(t *testing.T) {
	fileComparison.run(t, plantTree, func(t *testing.T, tree, protocol string) *peer { return startCPython(t, tree, protocol) }, startOurs)
}

// A comparison of http.server with ours is requests, and a section of README.md with the answers that differ.
type comparison struct{ requests, heading string }

var fileComparison = comparison{"testdata/requests.txt", "### Every difference\n"}

// run sends the requests to two servers over the tree that is planted.
func (c comparison) run(t *testing.T, plant func(*testing.T) string, startTheirs, startOurs func(t *testing.T, tree, protocol string) *peer) {
	version := pythontest.Run(t, "out = None", nil, new(any)).String()
	if runtime.GOOS != "linux" {
		t.Skip("the tree has names that other systems do not take")
	}
	if !slices.Contains(knownVersions, version) {
		t.Fatalf("README.md's table of differences is exact for CPython %s, and this is %s: "+
			"add it to knownVersions, run with -update-differences and review what that wrote",
			strings.Join(knownVersions, ", "), version)
	}
	requests := c.read(t)
	differences := c.differences(t)
	tree := plant(t)
	var found []wiretest.Row
	for _, protocol := range knownProtocols {
		t.Run("-p HTTP/"+protocol, func(t *testing.T) {
			theirs := startTheirs(t, tree, protocol)
			ours := startOurs(t, tree, protocol)
			for _, r := range requests {
				t.Run(r.label, func(t *testing.T) {
					got := wiretest.Row{Request: r.text, Protocol: []string{protocol}, Version: []string{version}}
					want := pick(differences, got)
					if !r.applies() {
						if want != nil {
							found = append(found, *want)
						}
						t.Skip("depends on mime.types, or on who asks: " + r.section)
					}
					x, y := theirs.ask(t, r, protocol), ours.ask(t, r, protocol)
					got.Theirs, got.Ours = wiretest.Describe(x, y)
					if got.Theirs != "" || got.Ours != "" {
						found = append(found, got)
					}
					if *updateDifferences {
						return
					}
					if complaint := compareRows(got, want); complaint != "" {
						t.Errorf("%s\n%s\n\nhttp.server: %.1000q\n\nhttpserver: %.1000q", r.text, complaint, x, y)
					}
				})
			}
		})
	}
	if *updateDifferences {
		c.write(t, version, requests, differences, found)
	}
}

// compareRows says what is wrong with the row that README.md has for a request, or that it has none (nil). "" is fine.
func compareRows(got wiretest.Row, want *wiretest.Row) string {
	differs := got.Theirs != "" || got.Ours != ""
	row := got.Format(knownProtocols, knownVersions)
	switch {
	case want == nil && differs:
		return "is answered differently, and no row of README.md says so. Is it meant? Then run with -update-differences, or add\n" + row
	case want != nil && !differs:
		return "is answered alike, so this row of README.md is no longer needed:\n" + want.Format(knownProtocols, knownVersions)
	case want != nil && (want.Theirs != got.Theirs || want.Ours != got.Ours):
		return "got\n" + row + "README.md has\n" + want.Format(knownProtocols, knownVersions)
	}
	return ""
}

// pick gives the row for the same request, protocol and version as got's, or nil.
func pick(rows []wiretest.Row, got wiretest.Row) *wiretest.Row {
	for i, row := range rows {
		if row.Request == got.Request && slices.Contains(row.Protocol, got.Protocol[0]) && slices.Contains(row.Version, got.Version[0]) {
			return &rows[i]
		}
	}
	return nil
}

// TestDifferences holds README.md's table to what TestCPython does not see: every row has a reason, belongs to a request
// that is sent, and is the only one for it.
func TestDifferences(t *testing.T) {
	for _, c := range []comparison{fileComparison, scriptComparison} {
		t.Run(c.requests, c.check)
	}
}

func (c comparison) check(t *testing.T) {
	sent := map[string]bool{}
	for _, r := range c.read(t) {
		sent[r.text] = true
	}
	type place struct{ request, protocol, version string }
	seen := map[place]bool{}
	for _, row := range c.differences(t) {
		if row.Reason == "" || row.Reason == unsorted {
			t.Errorf("a row stands under no reason: %s", row.Request)
		}
		if !sent[row.Request] {
			t.Errorf("a row is about a request that %s does not have: %s", c.requests, row.Request)
		}
		for _, p := range row.Protocol {
			for _, v := range row.Version {
				if !slices.Contains(knownProtocols, p) || !slices.Contains(knownVersions, v) {
					t.Errorf("a row is about HTTP/%s and CPython %s: %s", p, v, row.Request)
				}
				if seen[place{row.Request, p, v}] {
					t.Errorf("two rows for HTTP/%s and CPython %s: %s", p, v, row.Request)
				}
				seen[place{row.Request, p, v}] = true
			}
		}
	}
}

// A request is one of those of a comparison.
type request struct {
	section string // the comment above it
	label   string
	text    string // as README.md's table has it
	bytes   string
}

// read reads the requests.
func (c comparison) read(t *testing.T) (requests []request) {
	t.Helper()
	file, err := os.ReadFile(c.requests)
	if err != nil {
		t.Fatal(err)
	}
	labels, texts := map[string]bool{}, map[string]bool{}
	section := ""
	for line := range strings.Lines(string(file)) {
		line = strings.TrimSuffix(line, "\n")
		if title, ok := strings.CutPrefix(line, "# "); ok || line == "" {
			section = title
			continue
		}
		label, text, ok := strings.Cut(line, "\t")
		bytes, err := wiretest.Unquote(text)
		switch {
		case !ok || err != nil:
			t.Fatalf("%s: %s: %v", c.requests, line, err)
		case labels[label] || texts[text]:
			t.Errorf("%s has it twice: %s", c.requests, line)
		case strings.ContainsAny(text, "|`"):
			t.Errorf(`%s: in a table, | is \x7c and the backtick \x60: %s`, c.requests, line)
		}
		labels[label], texts[text] = true, true
		requests = append(requests, request{section, label, text, bytes})
	}
	return requests
}

// applies reports whether the answer to a request is here what README.md says. What type a file has can depend on the
// system's mime.types, and where that does not say, each version of CPython has a table of its own. Root may read
// everything.
func (r request) applies() bool {
	switch r.section {
	case "What only an ordinary user sees":
		return os.Getuid() != 0
	case "What only root sees":
		return os.Getuid() == 0
	case "Types that mime.types decides":
		return systemKnows(r.label)
	case "Types that mime.types leaves to us":
		return !systemKnows(r.label)
	}
	return true
}

func systemKnows(name string) bool {
	mediaType, _ := systemTypes().Guess(name)
	return mediaType != ""
}

// systemTypes gives what the system's mime.types say, and nothing else.
var systemTypes = sync.OnceValue(func() *mimetypes.Table {
	table := &mimetypes.Table{}
	for _, name := range mimetypes.KnownFiles() {
		if f, err := os.Open(name); err == nil {
			table.Parse(f)
			f.Close()
		}
	}
	return table
})

// unsorted is the heading of README.md for what nobody has sorted yet.
const unsorted = "Unsorted"

// differences reads the rows of README.md.
func (c comparison) differences(t *testing.T) []wiretest.Row {
	t.Helper()
	_, section, _ := c.split(t)
	rows, err := wiretest.ParseRows(section, knownProtocols, knownVersions)
	if err != nil {
		t.Fatalf("README.md: %v", err)
	}
	return rows
}

// split gives README.md in three parts, of which the second is about the differences.
func (c comparison) split(t *testing.T) (before, section, after string) {
	t.Helper()
	file, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, section, ok := strings.Cut(string(file), c.heading)
	if !ok {
		t.Fatalf("README.md has no heading %q", c.heading)
	}
	if next := nextSection.FindStringIndex(section); next != nil {
		section, after = section[:next[0]+1], section[next[0]+1:]
	}
	return before + c.heading, section, after
}

var nextSection = regexp.MustCompile(`\n##?#? `)

// write puts what was found with one version of CPython in the place of what README.md has for it.
func (c comparison) write(t *testing.T, version string, requests []request, old, found []wiretest.Row) {
	var rows []wiretest.Row
	for _, row := range old {
		row.Version = slices.DeleteFunc(slices.Clone(row.Version), func(v string) bool { return v == version })
		rows = append(rows, row) // without a version it says only what the reason is
	}
	var order []string
	for _, r := range requests {
		order = append(order, r.text)
	}
	byReason := map[string][]wiretest.Row{}
	for _, row := range wiretest.Merge(append(rows, found...), order) {
		if row.Reason == "" {
			row.Reason = unsorted
		}
		byReason[row.Reason] = append(byReason[row.Reason], row)
	}
	before, section, after := c.split(t)
	if byReason[unsorted] != nil && !strings.Contains(section, "#### "+unsorted+"\n") {
		section += "#### " + unsorted + "\n\n" + wiretest.FormatRows(nil, nil, nil) + "\n"
	}
	table := regexp.MustCompile(`(?m)^#### (.*)\n((?:[^|\n].*\n|\n)*)(?:\|.*\n)+`)
	section = table.ReplaceAllStringFunc(section, func(old string) string {
		parts := table.FindStringSubmatch(old)
		return "#### " + parts[1] + "\n" + parts[2] + wiretest.FormatRows(byReason[parts[1]], knownProtocols, knownVersions)
	})
	if err := os.WriteFile("README.md", []byte(before+section+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A peer is a server that runs.
type peer struct {
	addr   string
	server string        // what its Server field says
	log    func() string // what it has logged since the last call
	tree   string
	fifo   bool // it opens FIFOs
	ours   bool // it sends Accept-Ranges and ETag
	parse  func(stream string) []wiretest.Message
}

// ask sends a request and gives the answer without what no two answers share: the version of the status line and the
// values of Server and Date, which are looked at here. So are Accept-Ranges and ETag, which ours alone has.
func (p *peer) ask(t *testing.T, r request, protocol string) (answer wiretest.Answer) {
	t.Helper()
	if p.fifo && strings.Contains(r.bytes, "fifo ") {
		feed(t, filepath.Join(p.tree, "fifo"))
	}
	stream, err := wiretest.Send(p.addr, r.bytes)
	if err != nil {
		t.Fatalf("%s: %v after %q", p.server, err, stream)
	}
	for _, m := range p.parse(stream) {
		m.Status = strings.TrimPrefix(m.Status, "HTTP/"+protocol+" ")
		for i, line := range m.Fields {
			name, value, _ := strings.Cut(line, ": ")
			switch name {
			case "Server":
				if value != p.server {
					t.Errorf("Server: %s, want %s", value, p.server)
				}
				m.Fields[i] = name
			case "Date":
				if date, ok := httpdate.Parse(value); !ok || httpdate.Format(date) != value || time.Since(date).Abs() > time.Minute {
					t.Errorf("%s: Date: %s", p.server, value)
				}
				m.Fields[i] = name
			}
		}
		if p.ours {
			takeValidators(t, &m)
		}
		answer.Messages = append(answer.Messages, m)
	}
	answer.Log = logLines(p.log())
	return answer
}

var entityTag = regexp.MustCompile(`^ETag: (W/)?"[0-9a-z-]+"$`)

// takeValidators takes the fields off a message that ours adds to what CPython says of a file: behind Last-Modified in a
// 200 or 206, and in a 304.
func takeValidators(t *testing.T, m *wiretest.Message) {
	t.Helper()
	var want []string
	from := slices.IndexFunc(m.Fields, func(line string) bool { return strings.HasPrefix(line, "Last-Modified: ") }) + 1
	switch {
	case (m.Status == "200 OK" || m.Status == "206 Partial Content") && from > 0:
		want = []string{"Accept-Ranges: bytes", "ETag"}
	case m.Status == "304 Not Modified":
		want, from = []string{"ETag"}, slices.Index(m.Fields, "Date")+1
	default:
		return // one that is there after all shows in the comparison
	}
	for _, line := range want {
		if from >= len(m.Fields) || m.Fields[from] != line && !(line == "ETag" && entityTag.MatchString(m.Fields[from])) {
			t.Errorf("%s: no %s behind %q", m.Status, line, m.Fields[:from])
			return
		}
		m.Fields = slices.Delete(m.Fields, from, from+1)
	}
}

// feed opens a FIFO to write, and closes it again, once somebody opens it to read.
func feed(t *testing.T, path string) {
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			f.Close()
		}
	}()
	t.Cleanup(func() {
		// If nobody has opened it, this does, and ends the wait.
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			defer f.Close()
		}
		<-fed
	})
}

var (
	logPrefix = regexp.MustCompile(`^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d\] `)
	traceback = regexp.MustCompile(`(?s)-{40}\nException occurred during processing of request from .*?\n([^\n]*)\n-{40}\n`)
)

// logLines gives the messages of a log. A line that does not begin with the address and the time stays whole. Of what an
// exception makes CPython print, its last line stands for all.
func logLines(log string) (lines []string) {
	log = traceback.ReplaceAllString(log, "exception: $1\n")
	for line := range strings.Lines(log) {
		lines = append(lines, strings.TrimSuffix(logPrefix.ReplaceAllString(line, ""), "\n"))
	}
	return lines
}

// startCPython starts python3 -m http.server over tree.
func startCPython(t *testing.T, tree, protocol string, options ...string) *peer {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "python3", append([]string{"-m", "http.server", "-b", "127.0.0.1", "-d", ".", "-p", "HTTP/" + protocol, "0"}, options...)...)
	cmd.Dir = tree // 3.11.2 shows the name of -d in some listings
	cmd.Env = append(os.Environ(), "PYTHONUNBUFFERED=1", "PYTHONUTF8=1", "PYTHONWARNINGS=ignore")
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cmd.Wait()
	})
	slow := time.AfterFunc(wiretest.Patience, cancel)
	banner, err := bufio.NewReader(stdout).ReadString('\n')
	slow.Stop()
	var port int
	if _, scanErr := fmt.Sscanf(banner, "Serving HTTP on 127.0.0.1 port %d ", &port); scanErr != nil {
		t.Fatalf("python3 -m http.server says %q: %v", banner, err)
	}
	version := pythontest.Run(t, "out = None", nil, new(any))
	read := int64(0)
	return &peer{
		addr:   fmt.Sprintf("127.0.0.1:%d", port),
		server: fmt.Sprintf("SimpleHTTP/0.6 Python/%v", version),
		log: func() string {
			// What concerns a request is written before its connection closes.
			b, _ := os.ReadFile(log.Name())
			b = b[read:]
			read += int64(len(b))
			return string(b)
		},
		tree:  tree,
		fifo:  true,
		parse: wiretest.Parse,
	}
}

// A loggedFiles is a SimpleHandler that keeps its log, line by line as they would be written.
type loggedFiles struct {
	httpserver.SimpleHandler
	log *journal
}

func (h *loggedFiles) LogMessage(format string, args ...any) {
	h.log.add(string(logline.Append(nil, h.AddressString(), h.LogDateTimeString(), fmt.Sprintf(format, args...))))
}

// startOurs starts what our command would start over tree.
func startOurs(t *testing.T, tree, protocol string) *peer {
	t.Helper()
	types, err := httpserver.SystemMIMETypes()
	if err != nil {
		t.Fatal(err)
	}
	h := &loggedFiles{log: &journal{}}
	h.Directory, h.ProtocolVersion, h.MIMETypes = tree, "HTTP/"+protocol, types
	srv := serveDuring(t, h, func(srv *httpserver.ThreadingServer) {
		srv.HandleError = func(_ net.Conn, problem any) { h.log.add(fmt.Sprintf("exception: %v\n", problem)) }
	})
	read := 0
	return &peer{
		addr:   srv.ServerAddress().String(),
		server: ourSoftware(),
		ours:   true,
		log: func() string {
			lines := h.log.all()[read:]
			read += len(lines)
			return strings.Join(lines, "")
		},
		tree:  tree,
		parse: wiretest.Parse,
	}
}

// ourSoftware is what our Server field says.
func ourSoftware() string {
	number, _, _ := strings.Cut(strings.TrimPrefix(runtime.Version(), "go"), " ")
	return "SimpleHTTP/" + httpserver.Version + " Go/" + number
}

// plantTree makes the tree that both serve. A file's content is its path, but for a few.
func plantTree(t *testing.T) string {
	t.Helper()
	base := t.TempDir()
	root := filepath.Join(base, "tree")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range treeDirectories {
		must(os.MkdirAll(filepath.Join(base, dir), 0o755))
	}
	for _, name := range treeFiles {
		must(os.MkdirAll(filepath.Dir(filepath.Join(base, name)), 0o755))
		content := name + "\n"
		if special, ok := treeContents[name]; ok {
			content = special
		}
		must(os.WriteFile(filepath.Join(base, name), []byte(content), 0o644))
	}
	for name, target := range treeLinks {
		must(os.MkdirAll(filepath.Dir(filepath.Join(base, name)), 0o755))
		must(os.Symlink(strings.ReplaceAll(target, "BASE", base), filepath.Join(base, name)))
	}
	for _, name := range []string{"fifo", "indexfifo/index.html"} {
		must(syscall.Mkfifo(filepath.Join(root, name), 0o644))
	}
	if l, err := net.Listen("unix", filepath.Join(root, "socket")); err == nil { // a path may be too long for one
		t.Cleanup(func() { l.Close() })
	}
	must(filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSymlink == 0 {
			err = os.Chtimes(path, modified, modified)
		}
		return err
	}))
	for name, mode := range treeModes {
		must(os.Chmod(filepath.Join(root, name), mode))
		t.Cleanup(func() { os.Chmod(filepath.Join(root, name), 0o755) })
	}
	return root
}

var (
	treeDirectories = []string{
		"outside", "tree/emptydir", "tree/sub/deeper", "tree/indexdir/index.html", "tree/indexdirhtm/index.html",
		"tree/dir with space", "tree/dïr", "tree/d?q", "tree/d#h", "tree/%d", "tree/<i>", "tree/d&amp;", "tree/indexfifo",
		"tree/bytes/dir\xff",
	}
	treeFiles = append([]string{
		"outside.txt", "outside/outside.txt",
		"tree/hello.txt", "tree/empty.txt", "tree/big.bin", "tree/noext", "tree/.hidden", "tree/...", "tree/..dots", "tree/locked.txt",
		"tree/sub/a.txt", "tree/sub/b c.txt", "tree/sub/Z.TXT", "tree/sub/deeper/x.txt",
		"tree/indexed/index.html", "tree/indexhtm/index.htm", "tree/bothindex/index.html", "tree/bothindex/index.htm",
		"tree/indexdir/x.txt", "tree/indexdirhtm/index.htm", "tree/indexlocked/index.html", "tree/indexupper/INDEX.HTML",
		"tree/locked/x.txt", "tree/searchable/x.txt", "tree/dir with space/x.txt", "tree/dïr/x.txt", "tree/d?q/x.txt", "tree/d#h/x.txt",
		"tree/bytes/\xff.txt", "tree/bytes/caf\xe9", "tree/bytes/z", "tree/bytes/é", "tree/bytes/a\xed\xb3\xbf",
	}, oddFiles()...)
	treeContents = map[string]string{
		"tree/hello.txt": "hello\n",
		"tree/empty.txt": "",
		"tree/big.bin":   strings.Repeat("0123456789abcde\n", 300*1024/16),
	}
	treeLinks = map[string]string{
		"tree/links/file":             "../hello.txt",
		"tree/links/abs":              "BASE/tree/hello.txt",
		"tree/links/dir":              "../sub",
		"tree/links/absdir":           "BASE/tree/sub",
		"tree/links/chain":            "file",
		"tree/links/broken":           "nowhere",
		"tree/links/loop":             "loop",
		"tree/links/root":             "..",
		"tree/out/file":               "../../outside.txt",
		"tree/out/abs":                "BASE/outside.txt",
		"tree/out/dir":                "../../outside",
		"tree/out/again":              "../../tree/hello.txt",
		"tree/indexlink/index.html":   "../hello.txt",
		"tree/indexbroken/index.html": "nowhere",
		"tree/indexout/index.html":    "../../outside.txt",
	}
	treeModes = map[string]fs.FileMode{
		"locked.txt": 0, "locked": 0, "searchable": 0o111, "indexlocked/index.html": 0,
	}
)

// oddFiles gives the files whose names are what is to be seen.
func oddFiles() (names []string) {
	for _, name := range []string{
		"a b", "plus+", "q'uote", `"dq"`, "amp&amp;", "<tag>", "#hash", "q?mark", "colon:x", "semi;colon", `back\slash`,
		"new\nline", "tab\tx", "esc\x1b", "del\x7f", "é", "日本", "😀", "\u00a0nbsp", " lead", "trail ", "100%", "%41", "%2e%2e",
		"~-._", "!$()*,=@[]^{}", "pipe|x", "tick`x",
	} {
		names = append(names, "tree/odd/"+name)
	}
	for _, name := range []string{
		"x.html", "x.htm", "x.txt", "x.css", "x.csv", "x.json", "x.xml", "x.pdf", "x.png", "x.jpg", "x.jpeg", "x.gif", "x.svg",
		"x.mp3", "x.mp4", "x.zip", "x.tar", "x.wasm", "x.py", "x.c", "x.gz", "x.Z", "lower.z", "x.bz2", "x.xz", "x.br", "x.tar.gz", "x.tgz",
		"x.tar.bz2", "x.tbz2", "x.txz", "x.taz", "x.svgz", "x.html.gz", "x.html.br", "x.css.Z", "upper.HTML", "upper.Txt", "upper.GZ",
		"upper.Bz2", "x.unknown", "x.", ".html", "...html", "a.html.", "html", "x.tar.gz.unknown", "x.js", "x.mjs", "x.ico", "x.webp",
		"x.webm", "x.md", "x.woff", "x.woff2", "x.ttf", "x.otf", "x.rtf", "x.rst", "x.7z", "x.mkv", "x.ogg", "x.docx", "x.xlsx", "x.avif",
		"x.flac", "x.map", "x.yaml", "x.toml", "x.go", "x.ts", "x.sh", "x.bat",
	} {
		names = append(names, "tree/types/"+name)
	}
	return names
}
