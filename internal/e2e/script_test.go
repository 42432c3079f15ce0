package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// addition is a WebAssembly module (WebAssembly Core §5): the type
// (i32, i32) -> i32, one function of it, its export as "add", and its body,
// local.get 0, local.get 1, i32.add.
const addition = "\x00asm\x01\x00\x00\x00" +
	"\x01\x07\x01\x60\x02\x7f\x7f\x01\x7f" +
	"\x03\x02\x01\x00" +
	"\x07\x07\x01\x03add\x00\x00" +
	"\x0a\x09\x01\x07\x00\x20\x00\x20\x01\x6a\x0b"

// keepAlive makes a site with HTTP/1.1 of some files.
func keepAlive(t *testing.T, files map[string]string) *site {
	t.Helper()
	h := new(site)
	h.Directory, h.ProtocolVersion = write(t, files), "HTTP/1.1"
	return h
}

// Browsers run modules, and compile what they stream, only if the type is right.
func TestModules(t *testing.T) {
	h := keepAlive(t, map[string]string{
		"index.html": `<!DOCTYPE html><link rel="stylesheet" href="style.css"><title>Modules</title>
			<script type="module" src="main.mjs"></script><script src="classic.js"></script>`,
		"style.css":  "html { color: rgb(1, 2, 3) }",
		"classic.js": "window.classic = true;",
		"main.mjs": `
			import { twice } from "./lib/twice.js";
			import data from "./data.json" with { type: "json" };
			import sheet from "./style.css" with { type: "css" };
			const { instance } = await WebAssembly.instantiateStreaming(fetch("add.wasm"));
			const { default: late } = await import("./late.mjs");
			window.result = [twice(21), data.name, sheet.cssRules.length, instance.exports.add(2, 3), late];`,
		"lib/twice.js": "export const twice = (n) => 2 * n;",
		"late.mjs":     `export default "late";`,
		"data.json":    `{"name": "data"}`,
		"add.wasm":     addition,
	})
	origin := serve(t, h)
	tb := newTab(t)
	tb.open(origin)
	equal(t, "result", eval[[]any](tb, until("window.result")), []any{42., "data", 1., 5., "late"})
	equal(t, "classic script", eval[bool](tb, `window.classic`), true)
	equal(t, "style", eval[string](tb, `getComputedStyle(document.documentElement).color`), "rgb(1, 2, 3)")
	for name, want := range map[string]string{
		"":             "text/html",
		"style.css":    "text/css",
		"classic.js":   "text/javascript",
		"main.mjs":     "text/javascript",
		"lib/twice.js": "text/javascript",
		"late.mjs":     "text/javascript",
		"data.json":    "application/json",
		"add.wasm":     "application/wasm",
	} {
		equal(t, "type of "+name, tb.response(origin+"/"+name).MimeType, want)
	}
}

// until waits for an expression to be true, and gives it.
func until(expression string) string {
	return fmt.Sprintf(`new Promise((resolve) => {
		const look = () => (%s) ? resolve(%[1]s) : setTimeout(look, 5);
		look();
	})`, expression)
}

func TestCrossOriginIsolated(t *testing.T) {
	page := map[string]string{
		"index.html": `<!DOCTYPE html><title>Isolated</title>`,
		"worker.js": `onmessage = ({ data }) => {
			const cells = new Int32Array(data);
			Atomics.add(cells, 0, 42);
			Atomics.notify(cells, 0);
		};`,
		"picture.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>`,
	}
	h := keepAlive(t, page)
	h.CrossOriginIsolated = true
	origin := serve(t, h)

	t.Run("SharedArrayBuffer", func(t *testing.T) {
		tb := newTab(t)
		tb.open(origin)
		equal(t, "crossOriginIsolated", eval[bool](tb, `self.crossOriginIsolated`), true)
		equal(t, "what the worker has written", eval[int](tb, `(async () => {
			const buffer = new SharedArrayBuffer(4), cells = new Int32Array(buffer);
			const worker = new Worker("worker.js");
			worker.postMessage(buffer);
			const { async, value } = Atomics.waitAsync(cells, 0, 0);
			if (async) await value;
			worker.terminate();
			return Atomics.load(cells, 0);
		})()`), 42)
	})
	load := func(tb *tab, url string) string {
		tb.t.Helper()
		return eval[string](tb, fmt.Sprintf(`new Promise((resolve) => {
			const picture = new Image();
			picture.onload = () => resolve("loaded");
			picture.onerror = () => resolve("refused");
			picture.src = %q;
		})`, url))
	}
	t.Run("a picture from there", func(t *testing.T) {
		tb := newTab(t)
		tb.open(origin)
		equal(t, "picture", load(tb, origin+"/picture.svg"), "loaded")
	})
	t.Run("a picture for everyone", func(t *testing.T) {
		other := keepAlive(t, page)
		other.CORS = "*"
		url := serve(t, other) + "/picture.svg"
		tb := newTab(t)
		tb.open(origin)
		equal(t, "picture", load(tb, url), "loaded")
	})
	t.Run("a picture that nobody has offered", func(t *testing.T) {
		url := serve(t, keepAlive(t, page)) + "/picture.svg"
		tb := newTab(t)
		tb.expect("net::ERR_BLOCKED_BY_RESPONSE")
		tb.allow("issue: BlockedByResponseIssue")
		tb.open(origin)
		equal(t, "picture", load(tb, url), "refused")
	})
	t.Run("off", func(t *testing.T) {
		tb := newTab(t)
		tb.open(serve(t, keepAlive(t, page)))
		equal(t, "crossOriginIsolated", eval[bool](tb, `self.crossOriginIsolated`), false)
	})
}

func TestCORS(t *testing.T) {
	page := serve(t, keepAlive(t, map[string]string{"index.html": "<!DOCTYPE html><title>Page</title>"}))
	const refused = "TypeError: Failed to fetch"
	tests := []struct {
		label, cors, options, want string
		preflight                  bool
	}{
		{"anyone", "*", "{}", "200 0123456789", false},
		{"one of two", "https://app.example " + page, "{}", "200 0123456789", false},
		{"off", "", "{}", refused, false},
		{"others", "https://app.example", "{}", refused, false},
		{"a range", page, `{headers: {Range: "bytes=2-4"}}`, "206 234 bytes 2-4/10", false},
		{"a field and a range", page, `{headers: {"X-Token": "a", Range: "bytes=2-4"}}`, "206 234 bytes 2-4/10", true},
		{"a field and a range, from anyone", "*", `{headers: {"X-Token": "a", Range: "bytes=-3"}}`, "206 789 bytes 7-9/10", true},
		{"a field, off", "", `{headers: {"X-Token": "a"}}`, refused, true},
		{"a field, others", "https://app.example", `{headers: {"X-Token": "a"}}`, refused, true},
		{"a method that is not there", page, `{method: "DELETE"}`, refused, true},
		{"credentials", page, `{credentials: "include"}`, refused, false},
	}
	for _, test := range tests {
		t.Run(test.label, func(t *testing.T) {
			h := keepAlive(t, map[string]string{"data.txt": "0123456789"})
			h.CORS = test.cors
			data := serve(t, h) + "/data.txt"
			tb := newTab(t)
			if test.want == refused {
				tb.expect("has been blocked by CORS policy", "net::ERR_FAILED for "+data)
				tb.allow("net::ERR_FAILED", "501", "issue: CorsIssue")
			}
			tb.open(page)
			got := eval[string](tb, fmt.Sprintf(`fetch(%q, %s).then(
				async (r) => [r.status, await r.text(), r.headers.get("Content-Range") ?? ""].join(" ").trim(),
				(error) => String(error))`, data, test.options))
			equal(t, "answer", got, test.want)
			asked := ""
			for _, v := range h.visits.take() {
				asked += fmt.Sprintf("%s %d, ", v.method, v.status)
			}
			equal(t, "preflight of "+asked, strings.Contains(asked, "OPTIONS"), test.preflight)
			if test.preflight && test.want == refused {
				equal(t, "request of "+asked, strings.Contains(asked, "GET"), false)
			}
		})
	}
}

// An application that does its own routing is opened again where it was left.
func TestFallback(t *testing.T) {
	h := keepAlive(t, map[string]string{
		"index.html": `<!DOCTYPE html><title>App</title><script src="/app.js"></script>`,
		"app.js":     `document.title = "App at " + location.pathname;`,
	})
	h.Fallback = "index.html"
	origin := serve(t, h)
	tb := newTab(t)
	tb.allow("NavigationEntryMarkedSkippable") // nobody has clicked
	tb.open(origin)
	tb.do(evaluate(`history.pushState(null, "", "/users/7")`))
	tb.load(evaluate(`location.reload()`))
	equal(t, "title", eval[string](tb, `document.title`), "App at /users/7")
	tb.open(origin + "/users/8/name.with.dots?query")
	equal(t, "title", eval[string](tb, `document.title`), "App at /users/8/name.with.dots")
	equal(t, "status", tb.response(origin+"/users/8/name.with.dots?query").Status, 200)

	tb.expect("404 for "+origin+"/assets/missing.js", "404 for "+origin+"/api/missing", "status of 404")
	tb.allow("net::ERR_ABORTED for " + origin + "/assets/missing.js")
	equal(t, "event", eval[string](tb, `new Promise((resolve) => {
		const script = document.createElement("script");
		script.onload = script.onerror = (event) => resolve(event.type);
		script.src = "/assets/missing.js";
		document.head.append(script);
	})`), "error")
	equal(t, "status", eval[int](tb, `fetch("/api/missing").then((r) => r.status)`), 404)
}
