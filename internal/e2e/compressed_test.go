package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// gzipped gives text as gzip has it.
func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

// brotli gives text, of at most 65,536 bytes, as Brotli has it that does not
// compress (RFC 7932 §9): a window of 16 bits (0), a meta-block that is not the
// last (0) with a length of four nibbles (00), that less one, and not compressed
// (1); the text from the next whole byte on; and an empty last meta-block (11).
func brotli(text string) string {
	head := uint32(len(text)-1)<<4 | 1<<20
	return string([]byte{byte(head), byte(head >> 8), byte(head >> 16)}) + text + "\x03"
}

// zstandard gives text as Zstandard has it that does not compress (RFC 8878 §3.1.1):
// a frame of a single segment whose size has four bytes, and of one raw block, the
// last.
func zstandard(text string) string {
	frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0b10_1_00000}
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(text)))
	head := uint32(len(text))<<3 | 1
	return string(append(frame, byte(head), byte(head>>8), byte(head>>16))) + text
}

func TestPrecompressed(t *testing.T) {
	const script = "export default %q;\n"
	text := func(coding string) string { return fmt.Sprintf(script, coding) }
	h := keepAlive(t, map[string]string{
		"index.html": "<!DOCTYPE html><title>Page</title>",
		"none.mjs":   text("none"),
		"gzip.mjs":   text("identity"), "gzip.mjs.gz": gzipped(text("gzip")),
		"zstd.mjs": text("identity"), "zstd.mjs.zst": zstandard(text("zstd")),
		"br.mjs": text("identity"), "br.mjs.br": brotli(text("br")),
		"all.mjs": text("identity"), "all.mjs.gz": gzipped(text("gzip")), "all.mjs.zst": zstandard(text("zstd")), "all.mjs.br": brotli(text("br")),
		"stale.mjs": text("identity"), "stale.mjs.gz": gzipped(text("gzip")),
	})
	h.Precompressed = true
	touch(t, filepath.Join(h.Directory, "stale.mjs"), modified.AddDate(0, 0, 1))
	origin := serve(t, h)
	tb := newTab(t)
	tb.open(origin)
	for _, test := range []struct{ name, coding, text string }{
		{"none", "", "none"},
		{"gzip", "gzip", "gzip"},
		{"zstd", "zstd", "zstd"},
		{"br", "br", "br"},
		{"all", "br", "br"},
		{"stale", "", "identity"},
	} {
		got := eval[[]string](tb, fmt.Sprintf(`(async () => {
			const answer = await fetch("/%s.mjs"), module = await import("/%[1]s.mjs");
			return [answer.headers.get("Content-Encoding") ?? "", await answer.text(), module.default];
		})()`, test.name))
		equal(t, test.name, got, []string{test.coding, text(test.text), test.text})
		equal(t, test.name+": type", tb.response(origin+"/"+test.name+".mjs").MimeType, "text/javascript")
	}
}

// A page that is loaded again is asked for with its entity tag, and not sent again.
func TestRevalidation(t *testing.T) {
	for _, noCache := range []bool{false, true} {
		t.Run(fmt.Sprintf("NoCache %v", noCache), func(t *testing.T) {
			page := func(title string) string {
				return `<!DOCTYPE html><link rel="icon" href="data:,"><title>` + title + `</title>`
			}
			h := keepAlive(t, map[string]string{"index.html": page("Before")})
			h.NoCache = noCache
			tb := newTab(t)
			tb.open(serve(t, h))
			h.visits.take()
			tb.load(evaluate(`location.reload()`))
			equal(t, "title", eval[string](tb, `document.title`), "Before")
			again := 304
			if noCache {
				again = 200
			}
			equal(t, "visits", h.visits.take(), []visit{{"GET", "/", "", again}})
			if err := os.WriteFile(filepath.Join(h.Directory, "index.html"), []byte(page("After")), 0o644); err != nil {
				t.Fatal(err)
			}
			tb.load(evaluate(`location.reload()`))
			equal(t, "title", eval[string](tb, `document.title`), "After")
			equal(t, "visits", h.visits.take(), []visit{{"GET", "/", "", 200}})
		})
	}
}
