package httpserver_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"
)

// TestGitFetch clones packs, and fetches what was published since.
func TestGitFetch(t *testing.T) {
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			program(t, "git")
			h, start := serveDownloads(t, version)
			h.Directory = t.TempDir()
			u := newUser(t, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_TERMINAL_PROMPT=0",
				"GIT_AUTHOR_NAME=n", "GIT_AUTHOR_EMAIL=n@example.com", "GIT_COMMITTER_NAME=n", "GIT_COMMITTER_EMAIL=n@example.com")
			git := func(status int, args ...string) string {
				t.Helper()
				stdout, _ := u.run(t, status, "git", args...)
				return strings.TrimSpace(stdout)
			}
			bare := filepath.Join(h.Directory, "a b.git")
			publish := func(name string, content []byte, more ...string) (commit string) {
				t.Helper()
				save(t, content, u.home, "work", name)
				git(0, "-C", "work", "add", "-A")
				git(0, "-C", "work", "commit", "-qm", "add "+name)
				git(0, "-C", "work", "push", "-q", bare, "main")
				for _, command := range more {
					git(0, "-C", bare, command, "-q", "-a", "-d")
				}
				git(0, "-C", bare, "update-server-info")
				return git(0, "-C", "work", "rev-parse", "main")
			}
			git(0, "init", "-q", "-b", "main", "work")
			git(0, "init", "-q", "-b", "main", "--bare", bare)
			publish("large", noise(4, 1_000_000), "repack")
			for i := range 20 {
				save(t, noise(byte(i), 3000), u.home, "work", "many", fmt.Sprint(i))
			}
			publish("second", noise(5, 100_000), "repack") // -a -d: one pack, and the last is gone
			want := publish("loose", []byte("loose\n"))

			url := start() + "/a%20b.git"
			git(0, "clone", "-q", url, "clone")
			if got := git(0, "-C", "clone", "rev-parse", "HEAD"); got != want {
				t.Errorf("cloned %s, want %s", got, want)
			}
			git(0, "-C", "clone", "fsck", "--strict")
			sameFile(t, noise(4, 1_000_000), u.home, "clone", "large")

			want = publish("third", noise(6, 100_000))
			git(0, "-C", "clone", "fetch", "-q")
			if got := git(0, "-C", "clone", "rev-parse", "origin/main"); got != want {
				t.Errorf("fetched %s, want %s", got, want)
			}
			want = publish("fourth", []byte("4"), "repack")
			git(0, "-C", "clone", "pull", "-q", "--ff-only")
			if got := git(0, "-C", "clone", "rev-parse", "HEAD"); got != want {
				t.Errorf("pulled %s, want %s", got, want)
			}
			git(0, "-C", "clone", "fsck", "--strict")

			// A pack that was cut goes on where it ended.
			git(0, "init", "-q", "resumed")
			h.seen.cut(".pack", 500_000)
			h.seen.since()
			git(128, "-C", "resumed", "fetch", "-q", url, "main")
			git(0, "-C", "resumed", "fetch", "-q", url, "main")
			if got := git(0, "-C", "resumed", "rev-parse", "FETCH_HEAD"); got != want {
				t.Errorf("fetched %s in two pieces, want %s", got, want)
			}
			git(0, "-C", "resumed", "fsck", "--strict")
			var parts []string
			for _, a := range h.seen.since() {
				if strings.HasSuffix(a.path, ".pack") {
					parts = append(parts, fmt.Sprint(a.ranges, " ", a.code))
				}
			}
			if got := fmt.Sprint(parts); got != "[ 200 bytes=500000- 206]" {
				t.Errorf("the pack was answered %s", got)
			}
		})
	}
}

// TestGoProxy: a tree of files is a module proxy (https://go.dev/ref/mod#goproxy-protocol).
func TestGoProxy(t *testing.T) {
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			program(t, "go")
			h, start := serveDownloads(t, version)
			h.Directory = t.TempDir()
			const module = "example.org/Upper/with~tilde"
			source := noise(7, 300_000)
			publishModule(t, h.Directory, "example.org/leaf", "v0.1.0", nil, source)
			publishModule(t, h.Directory, module, "v1.0.0", []string{"example.org/leaf v0.1.0"}, source)
			publishModule(t, h.Directory, module, "v1.1.0-RC1", nil, source)

			u := newUser(t, "GOPROXY="+start(), "GOSUMDB=off", "GOFLAGS=-mod=mod -modcacherw", "GOENV=off", "GOWORK=off", "GOTOOLCHAIN=local")
			u.env = append(u.env, "GOPATH="+filepath.Join(u.home, "go"), "GOMODCACHE="+filepath.Join(u.home, "mod"),
				"GOCACHE="+filepath.Join(u.home, "cache"), "XDG_CONFIG_HOME="+filepath.Join(u.home, "config"))
			save(t, []byte("off"), u.home, "config", "go", "telemetry", "mode") // else a child would outlive us
			save(t, []byte("module example.net/user\n\ngo 1.20\n"), u.home, "go.mod")
			goCommand := func(status int, args ...string) (stdout, stderr string) {
				t.Helper()
				return u.run(t, status, "go", args...)
			}
			for _, want := range []string{"v1.0.0", "v1.1.0-RC1"} {
				var got struct{ Version, Dir string }
				stdout, _ := goCommand(0, "mod", "download", "-json", module+"@"+want)
				if err := json.Unmarshal([]byte(stdout), &got); err != nil || got.Version != want {
					t.Errorf("%s, %v", stdout, err)
				}
				sameFile(t, source, got.Dir, "data")
			}
			goCommand(0, "get", module)
			stdout, _ := goCommand(0, "list", "-m", "all")
			if want := "example.net/user\n" + module + " v1.0.0\nexample.org/leaf v0.1.0\n"; stdout != want {
				t.Errorf("%q, want %q", stdout, want)
			}
			publishModule(t, h.Directory, module, "v1.2.0", nil, source)
			goCommand(0, "get", module+"@latest")
			stdout, _ = goCommand(0, "list", "-m", "-versions", module)
			if want := module + " v1.0.0 v1.1.0-RC1 v1.2.0\n"; stdout != want {
				t.Errorf("%q, want %q", stdout, want)
			}
			for _, missing := range []string{module + "@v9.9.9", "example.org/none@v1.0.0", "example.org/none@latest", "example.org/upper/with~tilde@v1.0.0"} {
				if _, stderr := goCommand(1, "mod", "download", missing); !strings.Contains(stderr, ": 404 File not found") {
					t.Errorf("%s: %s", missing, stderr)
				}
			}
			goCommand(0, "clean", "-modcache")
		})
	}
}

// publishModule puts a version of a module where a module proxy has it.
func publishModule(t *testing.T, dir, module, version string, requires []string, data []byte) {
	t.Helper()
	goMod := "module " + module + "\n\ngo 1.20\n"
	for _, r := range requires {
		goMod += "\nrequire " + r + "\n"
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, content := range map[string][]byte{"go.mod": []byte(goMod), "p.go": []byte("package p\n"), "data": data} {
		w, err := z.Create(module + "@" + version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(content)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, filepath.FromSlash(escapeModule(module)), "@v")
	list, _ := os.ReadFile(filepath.Join(at, "list"))
	save(t, append(list, version+"\n"...), at, "list")
	save(t, []byte(`{"Version":"`+version+`","Time":"2024-02-29T12:34:56Z"}`), at, escapeModule(version)+".info")
	save(t, []byte(goMod), at, escapeModule(version)+".mod")
	save(t, archive.Bytes(), at, escapeModule(version)+".zip")
}

// escapeModule spells a module's path for file systems that know no case: capitals
// are small letters after an exclamation mark.
func escapeModule(path string) string {
	var escaped strings.Builder
	for _, r := range path {
		if unicode.IsUpper(r) {
			escaped.WriteByte('!')
		}
		escaped.WriteRune(unicode.ToLower(r))
	}
	return escaped.String()
}

// TestAPT: a flat repository, its packages asked for in a pipeline.
func TestAPT(t *testing.T) {
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			program(t, "apt-get")
			program(t, "dpkg-deb")
			u := newUser(t)
			h, start := serveDownloads(t, version)
			files := new(shelf)
			h.FS = files
			packages := map[string][]byte{}
			build := func(name, version string) {
				t.Helper()
				save(t, fmt.Appendf(nil, "Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: n <n@example.com>\nDescription: d\n", name, version), u.home, "tree", "DEBIAN", "control")
				save(t, noise(byte(len(packages)), 200_000), u.home, "tree", "usr", "share", "data")
				u.run(t, 0, "dpkg-deb", "--root-owner-group", "--build", "tree", "package.deb")
				content, err := os.ReadFile(filepath.Join(u.home, "package.deb"))
				if err != nil {
					t.Fatal(err)
				}
				packages[name+"_"+strings.ReplaceAll(version, ":", "%3a")+"_all.deb"] = content
			}
			names := []string{"spam", "eggs", "lib+plus", "ham"}
			const first = "_1%3a1.0~rc1+b1_all.deb"
			for _, name := range names {
				build(name, "1:1.0~rc1+b1")
			}
			files.Store(flatRepository(packages, modified))
			address := start()
			aptHome(t, u, address)
			apt := func(status int, args ...string) string {
				t.Helper()
				stdout, stderr := u.run(t, status, "apt-get", args...)
				return stdout + stderr
			}

			if out := apt(0, "update"); !strings.Contains(out, "Get:") {
				t.Errorf("the first update: %s", out)
			}
			h.seen.since()
			if out := apt(0, "update"); !strings.Contains(out, "Hit:") || strings.Contains(out, "Get:") {
				t.Errorf("the second update: %s", out)
			}
			for _, a := range h.seen.since() {
				if a.code == 200 {
					t.Errorf("fetched again: %+v", a)
				}
			}
			apt(0, append([]string{"download"}, names...)...)
			for name, content := range packages {
				sameFile(t, content, u.home, name)
			}

			// What is half there goes on if it is of the same date (If-Range).
			for _, tc := range []struct {
				name, was string
				half      []byte
				date      time.Time
				code      int
			}{
				{"spam", "begun", packages["spam"+first][:100_000], modified, 206},
				{"eggs", "begun and replaced since", noise(9, 100_000), modified.Add(-time.Hour), 200},
			} {
				archives := filepath.Join(u.home, "cache", "archives")
				partial := filepath.Join(archives, "partial", tc.name+first)
				save(t, tc.half, partial)
				if err := os.Chtimes(partial, tc.date, tc.date); err != nil {
					t.Fatal(err)
				}
				h.seen.since()
				apt(0, "install", "--download-only", "-y", tc.name)
				sameFile(t, packages[tc.name+first], archives, tc.name+first)
				h.seen.expect(t, fmt.Sprintf("bytes=%d- %d", len(tc.half), tc.code))
			}

			build("spam", "1:2.0")
			files.Store(flatRepository(packages, modified.Add(time.Hour)))
			apt(0, "update")
			apt(0, "download", "spam")
			sameFile(t, packages["spam_1%3a2.0_all.deb"], u.home, "spam_1%3a2.0_all.deb")

			// One that is not there does not spoil those behind it in the pipeline.
			left := *flatRepository(packages, modified.Add(time.Hour))
			delete(left, "pool/ham"+first)
			files.Store(&left)
			for name := range packages {
				os.Remove(filepath.Join(u.home, name))
			}
			if out := apt(100, append([]string{"download"}, names...)...); strings.Count(out, "E: Failed to fetch") != 1 || !strings.Contains(out, "404  File not found") {
				t.Errorf("ham is not there: %s", out)
			}
			for _, name := range []string{"spam_1%3a2.0_all.deb", "lib+plus" + first, "eggs" + first} {
				sameFile(t, packages[name], u.home, name)
			}
		})
	}
}

// aptHome makes a user's home the root of an apt with that source alone.
func aptHome(t *testing.T, u *user, url string) {
	for _, dir := range []string{"state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d", "log"} {
		if err := os.MkdirAll(filepath.Join(u.home, filepath.FromSlash(dir)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	save(t, nil, u.home, "state", "status")
	save(t, []byte("deb [trusted=yes] "+url+"/ ./\n"), u.home, "etc", "sources.list")
	save(t, fmt.Appendf(nil, `
Dir "%[1]s";
Dir::State "state";
Dir::State::status "%[1]s/state/status";
Dir::Cache "cache";
Dir::Etc "etc";
Dir::Log "log";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "";
Acquire::http::Proxy "DIRECT";
Acquire::Languages "none";
Acquire::Retries "0";
Debug::NoLocking "true";
`, u.home), u.home, "apt.conf")
	u.env = append(u.env, "APT_CONFIG="+filepath.Join(u.home, "apt.conf"))
}

// flatRepository gives a repository of packages, which are named as apt names them.
func flatRepository(packages map[string][]byte, changed time.Time) *fstest.MapFS {
	files := fstest.MapFS{}
	var index strings.Builder
	for _, file := range slices.Sorted(maps.Keys(packages)) {
		content := packages[file]
		name, rest, _ := strings.Cut(file, "_")
		version, _, _ := strings.Cut(rest, "_")
		fmt.Fprintf(&index, "Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: n <n@example.com>\nDescription: d\nFilename: ./pool/%s\nSize: %d\nSHA256: %x\n\n",
			name, strings.ReplaceAll(version, "%3a", ":"), file, len(content), sha256.Sum256(content))
		files["pool/"+file] = &fstest.MapFile{Data: content, ModTime: changed}
	}
	release := fmt.Sprintf("Date: %s\nSHA256:\n %x %d Packages\n", changed.Format(time.RFC1123), sha256.Sum256([]byte(index.String())), index.Len())
	files["Packages"] = &fstest.MapFile{Data: []byte(index.String()), ModTime: changed}
	files["Release"] = &fstest.MapFile{Data: []byte(release), ModTime: changed}
	return &files
}
