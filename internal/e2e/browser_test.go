package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/inspector"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a test may take with its tab, or the browser to start.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	status := m.Run()
	if err := chromium.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "ending the browser:", err)
		status = cmp.Or(status, 1)
	}
	os.Exit(status)
}

// chromium is the one browser, which the first test that needs it starts. Each
// tab has a profile of its own in it.
var chromium process

// A process is a browser, at most one at a time.
type process struct {
	mu     sync.Mutex
	ctx    context.Context // the browser's, once it runs
	cancel context.CancelFunc
}

// start gives the context of the running browser.
func (p *process) start(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("chromium is not installed")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx != nil {
		return p.ctx
	}
	// Its pages are ours, so it needs no sandbox, for which containers often lack
	// the rights. It finds nothing but this machine.
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	late := time.AfterFunc(patience, cancel)
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		t.Fatalf("starting %s: %v", path, err)
	}
	if !late.Stop() {
		t.Fatalf("starting %s took more than %v", path, patience)
	}
	p.ctx, p.cancel = ctx, cancel
	return ctx
}

// stop ends the browser, and waits until it has.
func (p *process) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	err := chromedp.Cancel(ctx)
	p.cancel()
	return err
}

// A tab is a page that is looked at. Whatever goes wrong in it fails the test,
// unless that expects it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu        sync.Mutex
	urls      map[network.RequestID]string
	responses []*network.Response
	troubles  []string
	expected  []string
	allowed   []string
}

// newTab opens a tab with an empty profile, which closes with the test.
func newTab(t *testing.T) *tab {
	t.Helper()
	tb := &tab{t: t, urls: make(map[network.RequestID]string)}
	limited, cancel := context.WithTimeout(chromium.start(t), patience)
	tb.ctx, _ = chromedp.NewContext(limited, chromedp.WithNewBrowserContext(), chromedp.WithListener(tb.note))
	t.Cleanup(func() {
		defer cancel()
		defer tb.complain()
		// What the page has to say comes before the answer to this.
		if err := chromedp.Do(tb.ctx, evaluate("0")); err != nil {
			t.Errorf("at the end: %v", err)
		}
		if err := chromedp.Cancel(tb.ctx); err != nil {
			t.Errorf("closing the tab: %v", err)
		}
	})
	tb.do()
	call(tb, audits.Enable, cdp.Empty{})
	return tb
}

// note takes the browser's events.
func (tb *tab) note(event any) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	trouble := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if !strings.Contains(text, "/favicon.ico") { // browsers ask every site, where a page names no icon
			tb.troubles = append(tb.troubles, text)
		}
	}
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		trouble("exception: %s %s", e.ExceptionDetails.Text, describe(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning ||
			e.Type == runtime.ConsoleAPICalledTypeAssert {
			trouble("console.%s: %s", e.Type, describe(e.Args...))
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			trouble("%s, %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		details, _ := json.Marshal(e.Issue.Details)
		trouble("issue: %s %s", e.Issue.Code, details)
	case *inspector.EventTargetCrashed:
		trouble("the tab crashed")
	case *page.EventJavascriptDialogOpening:
		trouble("dialog: %s", e.Message)
	case *network.EventRequestWillBeSent:
		tb.urls[e.RequestID] = e.Request.URL
	case *network.EventResponseReceived:
		tb.responses = append(tb.responses, e.Response)
		if e.Response.Status >= 400 {
			trouble("%d for %s", e.Response.Status, e.Response.URL)
		}
	case *network.EventLoadingFailed:
		trouble("%s for %s", e.ErrorText, tb.urls[e.RequestID])
	}
}

func describe(objects ...*runtime.RemoteObject) string {
	var words []string
	for _, o := range objects {
		if o != nil {
			words = append(words, cmp.Or(o.Description, string(o.Value)))
		}
	}
	return strings.Join(words, " ")
}

// expect says that troubles that contain one of texts are no surprise, and that
// there has to be one for each.
func (tb *tab) expect(texts ...string) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.expected = append(tb.expected, texts...)
}

// allow says that there may be troubles that contain one of texts.
func (tb *tab) allow(texts ...string) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.allowed = append(tb.allowed, texts...)
}

// complain fails the test for troubles that were not expected, and for expected
// ones that did not come.
func (tb *tab) complain() {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	foreseen := slices.Concat(tb.expected, tb.allowed)
	for _, trouble := range tb.troubles {
		if !slices.ContainsFunc(foreseen, func(text string) bool { return strings.Contains(trouble, text) }) {
			tb.t.Errorf("in the browser: %s", trouble)
		}
	}
	for _, text := range tb.expected {
		if !slices.ContainsFunc(tb.troubles, func(trouble string) bool { return strings.Contains(trouble, text) }) {
			tb.t.Errorf("in the browser: no trouble with %q", text)
		}
	}
}

// response gives the last answer for a URL.
func (tb *tab) response(url string) *network.Response {
	tb.t.Helper()
	tb.mu.Lock()
	defer tb.mu.Unlock()
	for _, r := range slices.Backward(tb.responses) {
		if r.URL == url {
			return r
		}
	}
	tb.t.Fatalf("no answer for %s", url)
	return nil
}

// do does steps, one after the other.
func (tb *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	tb.t.Helper()
	if err := chromedp.Do(tb.ctx, steps...); err != nil {
		tb.t.Fatal(err)
	}
}

// load does what leads to another page, and waits for that.
func (tb *tab) load(steps ...chromedp.Action[chromedp.Void]) {
	tb.t.Helper()
	if _, err := chromedp.RunResponse(tb.ctx, steps...); err != nil {
		tb.t.Fatal(err)
	}
}

// open opens a URL.
func (tb *tab) open(url string) {
	tb.t.Helper()
	tb.load(chromedp.Navigate(url))
}

// follow clicks on a link, and waits for where it leads.
func (tb *tab) follow(selector string) {
	tb.t.Helper()
	tb.load(chromedp.Click(chromedp.CSS(selector)))
}

// press presses keys, which are characters or have a name in keyCodes, perhaps
// with "Shift+" before it.
func (tb *tab) press(keys ...string) {
	tb.t.Helper()
	for _, key := range keys {
		tb.do(press(key))
	}
}

// press is the pressing of one key. Like a keyboard's, a key that the page makes
// something else of types no character; chromedp.KeyEvent's does.
func press(key string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		var event input.DispatchKeyEventParams
		key, shifted := strings.CutPrefix(key, "Shift+")
		if shifted {
			event.Modifiers = int64(chromedp.ModifierShift)
		}
		event.Key, event.Text = key, key
		if code, ok := keyCodes[key]; ok {
			event.Code, event.WindowsVirtualKeyCode, event.Text = key, code, ""
		}
		if key == "Enter" {
			event.Text = "\r"
		}
		event.Type = input.DispatchKeyEventTypeKeyDown
		if _, err := cdp.Call(ctx, target, input.DispatchKeyEvent, event); err != nil {
			return err
		}
		event.Type, event.Text = input.DispatchKeyEventTypeKeyUp, ""
		_, err := cdp.Call(ctx, target, input.DispatchKeyEvent, event)
		return err
	})
}

var keyCodes = map[string]int64{"Tab": 9, "Enter": 13, "Escape": 27}

// picture keeps a picture of what is to be seen as name.png among the test's
// artifacts, which -artifacts and -outputdir keep.
func (tb *tab) picture(name string) {
	tb.t.Helper()
	tb.keep(name, chromedp.CaptureScreenshot())
}

// fullPicture keeps one of the whole page.
func (tb *tab) fullPicture(name string) {
	tb.t.Helper()
	tb.keep(name, chromedp.FullScreenshot(100))
}

func (tb *tab) keep(name string, shot chromedp.Action[[]byte]) {
	tb.t.Helper()
	png, err := chromedp.Run(tb.ctx, shot)
	if err == nil {
		err = os.WriteFile(filepath.Join(tb.t.ArtifactDir(), name+".png"), png, 0o644)
	}
	if err != nil {
		tb.t.Fatal(err)
	}
}

// eval gives what an expression comes to, after a promise is kept.
func eval[T any](tb *tab, expression string) T {
	tb.t.Helper()
	v, err := chromedp.Run(tb.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		tb.t.Fatalf("%.200s\n%v", expression, err)
	}
	return v
}

// evaluate is the evaluation of an expression for what it does.
func evaluate(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](expression)
}

// call sends a command of the DevTools protocol.
func call[P, R any](tb *tab, command cdp.Command[P, R], params P) R {
	tb.t.Helper()
	r, err := chromedp.Call(tb.ctx, command, params)
	if err != nil {
		tb.t.Fatal(err)
	}
	return r
}
