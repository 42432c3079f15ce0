package httpserver

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpguts"

	"example.com/httpserver/internal/accept"
	"example.com/httpserver/internal/cgi"
	"example.com/httpserver/internal/class"
	"example.com/httpserver/internal/docroot"
	"example.com/httpserver/internal/http1"
	"example.com/httpserver/internal/pyrepr"
	"example.com/httpserver/internal/script"
	"example.com/httpserver/internal/socket"
	"example.com/httpserver/internal/spool"
	"example.com/httpserver/internal/urlpath"
)

// CGIHandler serves files as SimpleHandler does, and runs those below
// CGIDirectories as CGI scripts (RFC 3875). It mirrors
// http.server.CGIHTTPRequestHandler, which CPython 3.15 has removed.
//
// A script is a program that the system can execute, by its format or its "#!"
// line. It finds the request in its environment and its standard input, and writes
// a header section, an empty line and the content to its standard output. What it
// writes to standard error goes to the log.
//
//	#!/bin/sh
//	echo "Content-Type: text/plain"
//	echo
//	echo "hello, $REMOTE_ADDR"
//
// Its hooks, beyond those of [SimpleHandler], are IsCGI, RunCGI, IsExecutable and
// IsPython.
//
// Unlike CPython's, it reads the script's header section before it answers, so
// that Status and Location do what they say; it gives scripts the meta-variables of
// RFC 3875 in full, an environment of their own instead of the server's, and a body
// whose length is known; and it ends them, with all that they have started in their
// process group, when the client has gone, when CGITimeout is over and when the
// server closes. What has left the group, as by setsid, is out of reach. When a script
// exits, what it has left in its group is killed.
type CGIHandler struct {
	SimpleHandler

	// CGIDirectories are the paths that scripts lie below, as "/cgi-bin", decoded and
	// without patterns; "/" is all of them. What follows there in a request is a
	// script's name, or that of a directory below, and what follows a script is
	// PATH_INFO. If nil, /cgi-bin and /htbin; if empty, there are none.
	CGIDirectories []string
	// CGIMethods are methods that reach scripts beside GET, HEAD and POST, as
	// "PUT". If the handler has a Do method for one, that is called instead, and
	// may call IsCGI and RunCGI. An override of MethodTable has to call up for them.
	CGIMethods []string
	// CGIEnv are variables for the environment of scripts, which otherwise has
	// those of RFC 3875 and a few of the server's own, as PATH, LANG and TZ:
	// "NAME=value" sets one, and goes before all others, and "NAME" passes on the
	// server's, if it is set.
	CGIEnv []string
	// CGIUser is the user, by name or number, whose uid, gid and supplementary
	// groups scripts run with where the server runs as root. If empty, nobody; if
	// "root", they run as the server does. Making a server panics where there is no
	// such user, and where it is not root, who alone can change it.
	CGIUser string
	// CGITimeout bounds the time for which a script neither writes output nor
	// takes input that there is for it. Then it is ended, and where it has not
	// written its header section the answer is 504. A script that has closed its
	// output may live on for as long. If zero, 60 seconds; if negative, there is
	// no bound.
	CGITimeout time.Duration
	// CGIMaxScripts bounds how many scripts the server runs at once. Others wait
	// for ten seconds, and are answered 503 then. If zero, 64; if negative, there
	// is no bound.
	CGIMaxScripts int
	// CGIMaxBody bounds the body of a request to a script, in bytes. A longer one
	// is answered 413. One whose length is not known, since it comes in chunks, is
	// read to its end before the script runs: what is more than 64 KiB of it goes
	// to a temporary file. If zero, 1 GiB; if negative, there is no bound.
	CGIMaxBody int64
	// CGIPassAuthorization gives scripts the field Authorization, passwords and
	// all, as HTTP_AUTHORIZATION.
	CGIPassAuthorization bool

	// CGIInfo is the script that the request is for, as IsCGI has found it. It
	// mirrors cgi_info.
	CGIInfo CGIInfo
	// AuthType and RemoteUser are AUTH_TYPE and REMOTE_USER for the script, to be
	// set by a program that has found out who asks: "Basic" and the user's name.
	// They are emptied before each request.
	//
	// Unlike CPython's, they are not taken from a request that nobody has checked.
	AuthType, RemoteUser string

	self      cgiHandler
	redirects int           // local ones that this request has followed
	feeding   chan struct{} // closed when nobody reads RFile for a script any more; may be nil
}

// A CGIInfo says which script a request is for: Directory is one of
// CGIDirectories, and Rest what follows it and a slash in the decoded path, a
// script's name and whatever follows that.
type CGIInfo struct{ Directory, Rest string }

// A cgiHandler is a RequestHandler with the hooks of CGIHandler.
type cgiHandler interface {
	fileHandler

	// IsCGI reports whether the request is for a script, and sets CGIInfo.
	IsCGI() bool
	// RunCGI runs the script that CGIInfo says, and answers with its output.
	RunCGI()
	// IsExecutable reports whether a file can be run.
	IsExecutable(path string) bool
	// IsPython reports whether a file is a Python script, by its name.
	IsPython(path string) bool
}

func (h *CGIHandler) bind(self RequestHandler) {
	h.SimpleHandler.bind(self)
	h.withhold = h.isScript
	var ok bool
	if h.self, ok = self.(cgiHandler); !ok {
		panic("httpserver: " + class.Missing(reflect.TypeOf(self), reflect.TypeFor[cgiHandler]()).Error())
	}
}

// check finds what scripts cannot be run with.
func (h *CGIHandler) check() error {
	if h.FS != nil {
		return errors.New("a CGIHandler with an FS: scripts are run from the disk")
	}
	if slices.Contains(h.CGIDirectories, "") {
		return errors.New(`CGIDirectories: "" is no path; "/" is all of them`)
	}
	for _, method := range h.CGIMethods {
		if !httpguts.ValidHeaderFieldName(method) || method == "CONNECT" { // a token, too
			return fmt.Errorf("CGIMethods: no method for a script: %q", method)
		}
	}
	if err := cgi.CheckEnv(h.CGIEnv); err != nil {
		return fmt.Errorf("CGIEnv: %w", err)
	}
	if _, err := h.identity(script.Lookup); err != nil {
		return fmt.Errorf("CGIUser: %w", err)
	}
	return h.SimpleHandler.check()
}

// ParseRequest forgets what was known of the last request's script, and parses the
// request.
func (h *CGIHandler) ParseRequest() bool {
	h.CGIInfo, h.AuthType, h.RemoteUser, h.redirects = CGIInfo{}, "", "", 0
	return h.SimpleHandler.ParseRequest()
}

// MethodTable gives the methods of CGIMethods.
func (h *CGIHandler) MethodTable() map[string]func() {
	table := h.SimpleHandler.MethodTable()
	for _, method := range h.CGIMethods {
		if h.c.class.Verbs(h.self, nil).Has(method) {
			continue
		}
		if table == nil {
			table = map[string]func(){}
		}
		table[method] = h.runOnly
	}
	return table
}

// SendHead runs the script that the request is for, or answers as that of
// SimpleHandler does.
func (h *CGIHandler) SendHead() io.ReadCloser {
	if h.self.IsCGI() {
		h.self.RunCGI()
		return nil
	}
	return h.SimpleHandler.SendHead()
}

// DoPOST runs the script that the request is for. For anything else it is 501.
func (h *CGIHandler) DoPOST() { h.runOnly() }

// DoOPTIONS runs the script that the request is for, where CGIMethods has OPTIONS,
// and answers as that of SimpleHandler does otherwise: 501, without CORS.
func (h *CGIHandler) DoOPTIONS() {
	if slices.Contains(h.CGIMethods, "OPTIONS") && h.self.IsCGI() {
		h.self.RunCGI()
		return
	}
	h.SimpleHandler.DoOPTIONS()
}

// runOnly answers a method that files do not know.
func (h *CGIHandler) runOnly() {
	if h.self.IsCGI() {
		h.self.RunCGI()
		return
	}
	h.self.SendError(501, "Can only "+h.Command+" to CGI scripts", "")
}

// IsCGI reports whether the path of the request lies below one of CGIDirectories,
// and sets CGIInfo then. Override it to find scripts in another way: set CGIInfo,
// and report true. What it does not take for a script is a file, and sent as one:
// an override that looks at h.Path itself has to know that "%2e" is a dot.
//
// Unlike in CPython, the path is decoded once, for good, and ".." never leads to
// an error: what is looked for is what a file would be looked for by.
func (h *CGIHandler) IsCGI() bool {
	directory, rest, ok := cgi.Find(urlpath.Unquote(urlpath.Of(h.Path)), h.directories())
	if ok {
		h.CGIInfo = CGIInfo{directory, rest}
	}
	return ok
}

func (h *CGIHandler) directories() []string {
	if h.CGIDirectories == nil {
		return defaultCGIDirectories
	}
	return h.CGIDirectories
}

var defaultCGIDirectories = []string{"/cgi-bin", "/htbin"}

// IsExecutable reports whether the system lets the server execute a file. On
// Windows, which does not know, it is whether there is one.
func (h *CGIHandler) IsExecutable(path string) bool { return script.IsExecutable(path) }

// IsPython reports whether the name of a file ends in .py or .pyw, in any case.
// It matters on Windows alone, where such files are given to the interpreter.
func (h *CGIHandler) IsPython(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".py" || ext == ".pyw"
}

// isScript reports whether a file, or a directory, lies in a directory for scripts,
// by whatever name it was found: a link, or letters of another case where the file
// system makes no difference. It is not for anybody to read.
func (h *CGIHandler) isScript(path string) bool {
	var directories []string
	for _, d := range h.directories() {
		directories = append(directories, h.self.TranslatePath(urlpath.Quote("/"+strings.Trim(d, "/"))))
	}
	return docroot.Within(path, directories)
}

// RunCGI runs the script that CGIInfo says, and answers with what it writes.
//
// Where there is none, the answer is 404, and 403 where it is no file or cannot be
// executed. 502 is the answer for a script that fails, or whose header section is
// none; 503 where too many run or the system has no room for another; 504 where
// CGITimeout is over; the log says why.
func (h *CGIHandler) RunCGI() {
	if h.redirects == 0 {
		defer h.stopFeeding()
	}
	run := &cgiRun{h: h}
	if location := run.serve(); location != "" {
		h.redirect(run, location)
	}
}

// redirect answers with what is at another place of the server, as a script has
// asked for it.
func (h *CGIHandler) redirect(run *cgiRun, location string) {
	if h.redirects++; h.redirects > maxRedirects {
		run.fail(502, errRedirects)
		return
	}
	if h.Command != "HEAD" {
		h.Command = "GET"
	}
	h.Path, h.CGIInfo = location, CGIInfo{}
	h.verbs().Call(h.Command)
}

// maxRedirects bounds how many local redirects a request may follow.
const maxRedirects = 10

var errRedirects = errors.New("too many local redirects, one after the other")

// smallBody is up to where a body is read before its script runs, so that a slow
// client keeps no script waiting.
const smallBody = 64 * 1024

// Tests change these, so that no verdict of theirs depends on what is quick.
var (
	// cgiPatience is how long a request waits for its turn to run a script.
	cgiPatience = 10 * time.Second
	// settleTime is how long an answer waits for its script to exit that has closed
	// its output: mostly that is the same moment, and tells whether all went well.
	settleTime = 100 * time.Millisecond
)

// isDirectory reports whether a decoded path is a directory's.
func (h *CGIHandler) isDirectory(path string) bool {
	info, err := h.paths().Stat(h.scriptPath(path))
	return err == nil && info.IsDir()
}

// scriptPath gives the file for a path that has been decoded.
func (h *CGIHandler) scriptPath(path string) string {
	return h.self.TranslatePath(urlpath.Quote(path))
}

// absolute gives a path that does not depend on the working directory.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// bodyLength is ContentLength, but for requests that a local redirect has made,
// which have no body.
func (h *CGIHandler) bodyLength() int64 {
	if h.redirects > 0 {
		return 0
	}
	return h.ContentLength()
}

// fieldsOfRequest gives the fields, without those of a body for requests that a local
// redirect has made.
func (h *CGIHandler) fieldsOfRequest() []http1.Field {
	if h.redirects == 0 {
		return h.Headers.fields
	}
	return slices.DeleteFunc(slices.Clone(h.Headers.fields), func(f http1.Field) bool {
		return http1.EqualName(f.Name, "Content-Type") || http1.EqualName(f.Name, "Content-Encoding")
	})
}

// isOver reports whether the request has ended for a reason which the library tells
// whom it concerns: a body that is none, a client that has gone, a server that ends.
func (h *CGIHandler) isOver(err error) bool {
	if errors.Is(err, script.ErrClosed) {
		<-h.Context().Done() // the connection is about to be cut
	}
	return h.c.BodyFault() != nil || h.c.IsOver()
}

// isTLS reports whether the connection is one of crypto/tls, which is not named
// here for the sake of those who do without it.
func (h *CGIHandler) isTLS() bool {
	_, ok := h.c.nc.(interface{ HandshakeContext(context.Context) error })
	return ok
}

// identity gives who scripts are run as, or nil for who the server is.
func (h *CGIHandler) identity(lookup func(string) (*script.Identity, error)) (*script.Identity, error) {
	switch {
	case os.Geteuid() == 0 && h.CGIUser != "root":
		return lookup(cmp.Or(h.CGIUser, "nobody"))
	case os.Geteuid() != 0 && h.CGIUser != "":
		return nil, errors.New("only a server that runs as root can run scripts as another user")
	}
	return nil, nil
}

// A cgiRun is a script that answers a request, from the search for it to its end.
type cgiRun struct {
	h        *CGIHandler
	name     string // SCRIPT_NAME
	pathInfo string // PATH_INFO
	path     string // the script's file

	vigil  socket.Vigil
	body   *spool.Body    // the request's, where that was read before; else nil
	turn   *script.Turn   // nil before enter has one
	script *script.Script // nil before start has started it
	output *cgi.Output
	forget func() bool // ends the watch for the client; nil before there is one
	ended  bool        // the output has ended by itself: how the script exits matters
}

// serve runs the script and answers. Where the script wants the answer to be what
// is at another place of the server, it gives that (RFC 3875 §6.2.2).
func (r *cgiRun) serve() (location string) {
	defer r.end()
	r.vigil = r.h.c.Vigil()
	if r.find() && r.enter() && r.start() {
		return r.answer()
	}
	return ""
}

// find finds the script's file, or answers that there is none.
func (r *cgiRun) find() bool {
	h := r.h
	// An override of IsCGI may have left dots and slashes in what it gives: none
	// leads out of the directory.
	info := h.CGIInfo
	directory, rest, ok := cgi.Find(info.Directory+"/"+info.Rest, []string{cmp.Or(info.Directory, "/")})
	if !ok {
		h.self.SendError(404, "No such CGI script ("+pyrepr.Quote(info.Directory+"/"+info.Rest)+")", "")
		return false
	}
	r.name, r.pathInfo = cgi.Split(directory, rest, h.isDirectory)
	path := h.scriptPath(r.name)
	file, err := h.paths().Stat(path)
	quoted := "(" + pyrepr.Quote(r.name) + ")"
	switch {
	case accept.IsExhausted(err):
		h.refuseFile(err, "")
	case err != nil || strings.Contains(r.pathInfo, "\x00"):
		h.self.SendError(404, "No such CGI script "+quoted, "")
	case !file.Mode().IsRegular():
		h.self.SendError(403, "CGI script is not a plain file "+quoted, "")
	case !(runtime.GOOS == "windows" && h.self.IsPython(path)) && !h.self.IsExecutable(path):
		h.self.SendError(403, "CGI script is not executable "+quoted, "")
	default:
		r.path = absolute(path)
		return true
	}
	return false
}

// enter waits for the turn to run the script, and for the body of the request where
// that is read before. Without a turn it has answered, as far as anybody is there to
// see it.
func (r *cgiRun) enter() bool {
	h := r.h
	length := h.bodyLength()
	if most := cmp.Or(h.CGIMaxBody, 1<<30); most >= 0 {
		if length > most {
			h.self.SendError(413, "", "The body is longer than it may be")
			return false
		}
		if h.redirects == 0 { // who reads for the first script counts by what was said then
			h.LimitBody(most)
		}
	}
	var err error
	if length < 0 || 0 < length && length <= smallBody {
		r.body, err = spool.Read(h.RFile, r.takeTurn)
	}
	if err == nil {
		err = r.takeTurn()
	}
	switch {
	case err == nil:
		return true
	case h.isOver(err):
		// The library answers, where there is somebody to answer to.
	case errors.Is(err, script.ErrFull):
		r.fail(503, err)
	default:
		r.fail(500, err)
	}
	return false
}

// takeTurn waits for the turn to run the script, unless it has come, and for the
// client only if it has to wait: watching for that takes a goroutine.
func (r *cgiRun) takeTurn() (err error) {
	if r.turn != nil {
		return nil
	}
	h := r.h
	limit := cmp.Or(h.CGIMaxScripts, 64)
	r.turn, err = h.Server.scripts.Enter(context.Background(), limit, 0)
	if errors.Is(err, script.ErrFull) {
		r.turn, err = h.Server.scripts.Enter(h.Context(), limit, cgiPatience)
	}
	return err
}

// start starts the script, or answers why not.
func (r *cgiRun) start() bool {
	program, err := r.program()
	if err != nil {
		r.fail(500, err)
		return false
	}
	var input io.Reader // what is to be copied to the script
	switch {
	case r.body != nil:
		program.Stdin, program.Content = r.body.File(), r.body.Memory()
	case r.h.bodyLength() > 0:
		input = r.h.RFile
	}
	if program.Input = input != nil; !program.Input { // else somebody has to feed it meanwhile
		program.Await = r.vigil.Await
	}
	if r.script, err = r.turn.Start(program); err != nil {
		r.failStart(err, program.User)
		return false
	}
	r.output = cgi.NewOutput(r.script)
	if rest := r.script.Unfed(); len(rest) > 0 {
		input = bytes.NewReader(rest)
	}
	r.feed(input)
	return true
}

// program says what to run.
func (r *cgiRun) program() (p *script.Program, err error) {
	h := r.h
	request := r.request()
	p = &script.Program{Dir: filepath.Dir(r.path), Log: r.log, Silent: r.watch}
	p.Path, p.Args = script.Interpreted(r.path, h.self.IsPython(r.path), cgi.Arguments(request.Method, request.Query, runtime.GOOS))
	p.Env = request.Environ(h.CGIEnv, os.LookupEnv, runtime.GOOS)
	p.Timeout = max(0, cmp.Or(h.CGITimeout, time.Minute))
	p.User, err = h.identity(h.Server.users.Lookup)
	return p, err
}

// request is what the script is told of the request.
func (r *cgiRun) request() *cgi.Request {
	h := r.h
	_, _, origin, _ := http1.CutAbsolute(h.Path)
	request := &cgi.Request{
		Method: h.Command, Protocol: h.RequestVersion, URI: origin,
		ScriptName: r.name, ScriptFilename: r.path,
		PathInfo: r.pathInfo, PathTranslated: r.pathTranslated(),
		DocumentRoot: absolute(h.directory()), Query: urlpath.Query(h.Path),
		Software: h.self.VersionString(),
		AuthType: h.AuthType, RemoteUser: h.RemoteUser,
		Host:   h.Host(),
		HTTPS:  h.isTLS(),
		Fields: h.fieldsOfRequest(), Authorization: h.CGIPassAuthorization,
		ContentLength: r.contentLength(),
	}
	request.SetAddresses(h.Host(), h.Server.ServerName, h.c.nc.LocalAddr(), h.ClientAddress)
	return request
}

// pathTranslated gives the file that PATH_INFO stands for, if there is one. Like
// CPython, a slash at its end stays: a directory is meant.
func (r *cgiRun) pathTranslated() string {
	if r.pathInfo == "" {
		return ""
	}
	path := absolute(r.h.scriptPath(r.pathInfo))
	if strings.HasSuffix(r.pathInfo, "/") && !os.IsPathSeparator(path[len(path)-1]) {
		path += string(filepath.Separator)
	}
	return path
}

// contentLength gives the length of the body that the script is told, or -1 where
// the request has none.
func (r *cgiRun) contentLength() int64 {
	h := r.h
	switch {
	case r.body != nil:
		return r.body.Len()
	case h.bodyLength() == 0 && (h.redirects > 0 || !h.Headers.Has("Content-Length")):
		return -1
	}
	return h.bodyLength()
}

// fail answers for a script that cannot be run, or has not done what it was to do.
// Why is for the log alone.
func (r *cgiRun) fail(code int, why error) {
	r.h.self.LogError("CGI script %s: %v", r.name, why)
	r.h.self.SendError(code, "", "")
}

// failStart answers for a script that cannot be started.
func (r *cgiRun) failStart(err error, user *script.Identity) {
	switch {
	case r.h.isOver(err):
		// So is the connection.
	case accept.IsExhausted(err), script.Exhausted(err):
		r.fail(503, err)
	case errors.Is(err, syscall.E2BIG): // the fields of a name, joined, may be too long for a variable
		r.fail(431, err)
	case errors.Is(err, fs.ErrPermission) && user != nil:
		r.fail(502, fmt.Errorf("%w (for user %d, who is to run it and has to get at it, and at its interpreter)", err, user.UID))
	default:
		r.fail(502, err)
	}
}

// watch has the script ended when the client goes. It is called when the script has
// been silent for a moment: one that writes shows with the next write who is there to
// read, and most have exited by then. When the server closes, its scripts end anyway.
func (r *cgiRun) watch() {
	ctx := r.h.Context()
	r.forget = context.AfterFunc(ctx, func() { r.script.End(context.Cause(ctx)) })
}

// feed has the script's input copied.
func (r *cgiRun) feed(input io.Reader) {
	if input == nil {
		return
	}
	fed := make(chan struct{})
	r.h.feeding = fed
	go func() {
		defer close(fed)
		defer func() { // RFile may be the program's own
			if problem := recover(); problem != nil {
				r.script.End(fmt.Errorf("reading the body panicked: %v", problem))
			}
		}()
		r.script.Feed(input)
	}()
}

// end lets go of all that the run has, however far it has come.
func (r *cgiRun) end() {
	if r.script != nil {
		r.letGo()
	}
	if r.turn != nil {
		r.turn.Leave()
	}
	if r.body != nil {
		r.body.Close()
	}
}

// letGo lets go of the script. It may live on if it has closed its output, but has
// seen the last of its input.
func (r *cgiRun) letGo() {
	if r.forget != nil {
		r.forget()
	}
	server, name, told := r.h.Server, r.name, r.ended
	report := func(text string) {
		server.report().Line(slog.LevelWarn, EscapeControls("CGI script "+name+": "+text))
	}
	r.script.Close(report, func(exit script.Exit) {
		if exit.Code != 0 && told {
			report(exit.String())
		}
	})
}

// stopFeeding has RFile read for a script no more. A local redirect is answered before
// that, which may end the request's context or take as long as the client does.
func (h *CGIHandler) stopFeeding() {
	if h.feeding == nil {
		return
	}
	select {
	case <-h.feeding:
	default:
		// It waits for the client. What that still sends is for nobody, and read away
		// where the connection has not been said to end.
		if h.CloseConnection || h.c.isLast() || h.c.Answer.Closes() || h.c.Answer.Sunk() {
			h.SetReadDeadline(time.Unix(1, 0))
		}
		<-h.feeding
	}
	h.feeding = nil
}

// log logs a line that the script has written to its standard error.
func (r *cgiRun) log(line string) { r.h.self.LogError("CGI script %s: %s", r.name, line) }

// settle waits a moment for the script to exit, and logs how it did where that was
// no success.
func (r *cgiRun) settle() (exit script.Exit) {
	r.ended = true
	exit, ok := r.script.Wait(settleTime)
	if ok && exit.Code != 0 {
		r.h.self.LogError("CGI script exit code %d", exit.Code)
	}
	return exit
}

// answer answers with the output of the script, or gives the place to find the
// answer at.
func (r *cgiRun) answer() (location string) {
	if cgi.IsNPH(r.name) {
		r.answerRaw()
		return ""
	}
	head, err := r.output.ReadHead(r.h.Server.limits(0).Bounds)
	switch {
	case err != nil:
		r.failHead(err)
	case head.Local:
		r.settle()
		return head.Location
	default:
		r.send(r.sendHead(head))
	}
	return ""
}

// failHead answers for a script that has written no header section.
func (r *cgiRun) failHead(err error) {
	switch {
	case r.h.isOver(err):
		// The library answers, where there is somebody to answer to.
	case errors.Is(err, script.ErrTimeout):
		r.fail(504, err)
	case errors.Is(err, cgi.ErrNoHead):
		r.settle()
		r.fail(502, err)
	default:
		r.fail(502, err)
	}
}

// sendHead sends the head that the script has asked for, and gives what the
// content goes to.
func (r *cgiRun) sendHead(head *cgi.Head) io.Writer {
	h := r.h
	fields := Headers{fields: head.Fields}
	h.self.LogRequest(head.Status, -1)
	h.self.SendResponseOnly(head.Status, head.Reason)
	if !fields.Has("Server") {
		h.self.SendHeader("Server", h.self.VersionString())
	}
	if !fields.Has("Date") {
		h.self.SendHeader("Date", h.self.DateTimeString(time.Time{}))
	}
	reset := head.Status == 205 && h.RequestVersion != http09
	for name, value := range fields.All() {
		if !reset || !http1.EqualName(name, "Content-Length") {
			h.self.SendHeader(name, value)
		}
	}
	switch {
	case reset: // it has no content, and says so (RFC 9110 §15.3.6)
		h.self.SendHeader("Content-Length", "0")
		h.self.EndHeaders()
		return io.Discard
	case head.ContentLength >= 0:
		h.self.EndHeaders()
		return h.WFile
	}
	return h.EndHeadersChunked()
}

// send sends the content of the answer.
func (r *cgiRun) send(w io.Writer) {
	if !r.passOn(w) {
		return
	}
	if exit := r.settle(); exit.Code < 0 {
		r.h.c.Answer.Sink() // nobody knows what is missing: the client sees that the answer was cut
		return
	}
	if w, ok := w.(*ChunkedWriter); ok {
		w.Close()
	}
}

// passOn writes what the script does, piece by piece, and reports whether that has
// come to its end.
func (r *cgiRun) passOn(w io.Writer) bool {
	for {
		piece, err := r.output.Next()
		if err == io.EOF {
			return true
		}
		chunks, chunked := w.(*ChunkedWriter)
		switch {
		case err != nil:
		case chunked && r.output.Ended():
			_, err = chunks.writeLast(piece)
		default:
			_, err = w.Write(piece)
		}
		if err != nil {
			r.cut(err)
			return false
		}
	}
}

// cut ends an answer that does not come to its end, so that the client can tell.
func (r *cgiRun) cut(err error) {
	h := r.h
	h.CloseConnection = true
	r.script.End(err)
	if h.c.Tells(err) || h.isOver(err) {
		return
	}
	h.self.LogError("CGI script %s: %v", r.name, err)
	h.c.Answer.Sink() // all has been said of what is missing
}

// answerRaw answers with what an NPH script writes, head and all (RFC 3875 §5).
func (r *cgiRun) answerRaw() {
	h := r.h
	h.CloseConnection = true
	code, err := r.output.ReadStatus()
	if err != nil {
		r.failHead(err)
		return
	}
	h.self.LogRequest(code, -1)
	if r.passOn(h.WFile) {
		r.settle()
	}
}
