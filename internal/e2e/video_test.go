package e2e

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// The length of the video that makeVideo makes, in seconds.
const videoSeconds = 30

// makeVideo makes a video that gets lighter from its first picture to its last,
// with so much noise that it is larger than what a browser takes at once.
func makeVideo(t *testing.T) (dir string, size int64) {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	dir = t.TempDir()
	path := filepath.Join(dir, "video.webm")
	source := fmt.Sprintf("testsrc=size=320x240:rate=6:duration=%d,fade=in:st=0:d=%[1]d,noise=alls=60:allf=t", videoSeconds)
	// With the index at the front, a browser knows from the start which bytes to ask for.
	encode := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-c:v", "libvpx",
		"-pix_fmt", "yuv420p", "-b:v", "2500k", "-g", "12", "-deadline", "realtime", "-cpu-used", "8", "-reserve_index_space", "10000", path)
	if output, err := encode.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, output)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	touch(t, path, modified)
	if info.Size() < 5_000_000 {
		t.Fatalf("the video has %d bytes only", info.Size())
	}
	return dir, info.Size()
}

const videoPage = `<!DOCTYPE html>
<title>Video</title>
<video src="video.webm" preload="metadata" muted controls></video>
<script>
const video = document.querySelector("video");
const loaded = new Promise((resolve, reject) => {
	video.onloadedmetadata = resolve;
	video.onerror = () => reject(new Error(video.error.message));
});
async function seek(to) {
	const seeked = new Promise((resolve) => video.onseeked = resolve);
	const drawn = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
	video.currentTime = to;
	await seeked;
	await drawn;
	return look();
}
// look gives where the video is, and how light its picture is.
function look() {
	const canvas = document.createElement("canvas");
	canvas.width = canvas.height = 64;
	const context = canvas.getContext("2d");
	context.drawImage(video, 0, 0, 64, 64);
	const pixels = context.getImageData(0, 0, 64, 64).data;
	return {at: video.currentTime, light: pixels.reduce((sum, value, i) => sum + (i % 4 < 3 ? value : 0), 0) / (64 * 64 * 3 * 255)};
}
// play gives where the video is after it has played for a while.
async function play(seconds) {
	const until = video.currentTime + seconds;
	const played = new Promise((resolve) => video.ontimeupdate = () => video.currentTime >= until && resolve());
	await video.play();
	await played;
	video.pause();
	return look();
}
</script>
`

// A scene is what the page says of its video.
type scene struct {
	At    float64 `json:"at"`
	Light float64 `json:"light"`
}

func TestVideo(t *testing.T) {
	dir, size := makeVideo(t)
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte(videoPage), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			h := new(site)
			h.Directory, h.ProtocolVersion = dir, version
			origin := serve(t, h)
			tb := newTab(t)
			tb.allow("net::ERR_ABORTED for " + origin + "/video.webm") // what the browser does not read on
			// Slower than this machine is with itself, or the browser would have all of it before the first seek.
			call(tb, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
				MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: 4_000_000, UploadThroughput: -1}},
			})
			tb.open(origin)
			duration := eval[float64](tb, `loaded.then(() => video.duration)`)
			if math.Abs(duration-videoSeconds) > .5 {
				t.Errorf("it lasts for %v seconds, want %v", duration, videoSeconds)
			}
			full := eval[scene](tb, `seek(video.duration - .1)`).Light

			for _, to := range []float64{27, 3, 21, 9} {
				s := eval[scene](tb, fmt.Sprintf(`seek(%v)`, to))
				if math.Abs(s.At-to) > .2 {
					t.Errorf("sought %v, is at %v", to, s.At)
				}
				if want := to / videoSeconds; math.Abs(s.Light/full-want) > .1 {
					t.Errorf("at %v the picture has %.2f of the light of the last, want %.2f", to, s.Light/full, want)
				}
			}
			if s := eval[scene](tb, `play(.3)`); s.At < 9.3 || s.At > 15 {
				t.Errorf("played from 9 to %v", s.At)
			}

			var starts []int64
			for _, v := range h.visits.take() {
				if v.path != "/video.webm" {
					continue
				}
				start, ok := strings.CutPrefix(v.ranges, "bytes=")
				start, _, _ = strings.Cut(start, "-")
				n, err := strconv.ParseInt(start, 10, 64)
				if !ok || err != nil || v.status != 206 && v.status != 304 { // 304 for what the browser has
					t.Errorf("a request for %q was answered %d", v.ranges, v.status)
				}
				if v.status == 206 {
					starts = append(starts, n)
				}
			}
			t.Logf("ranges of %d bytes from %v", size, starts)
			for _, part := range []float64{.9, .7} {
				near := func(start int64) bool { return math.Abs(float64(start)/float64(size)-part) < .1 }
				if !slices.ContainsFunc(starts, near) {
					t.Errorf("no range from near %.0f%%", 100*part)
				}
			}
		})
	}
}
