package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// configured is the recipe of a server that reads a configuration, whose text
// is made from a template: words in braces are replaced.
func configured(program, template string, args ...string) recipe {
	return func(s *site, r *row, addr *net.TCPAddr) (*command, error) {
		path, err := find(program)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(s.private, fmt.Sprintf("%s-%d.conf", program, addr.Port))
		log := filepath.Join(s.private, fmt.Sprintf("%s-%d.log", program, addr.Port))
		text := strings.NewReplacer("{site}", s.directory, "{private}", s.private, "{user}", user(), "{log}", log,
			"{port}", strconv.Itoa(addr.Port), "{workers}", strconv.Itoa(cmp.Or(r.procs, runtime.NumCPU()))).Replace(template)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return nil, err
		}
		cmd := &command{Cmd: exec.Command(path, append(slices.Clone(args), file)...)}
		if strings.Contains(template, "{log}") {
			cmd.log = log
		}
		return cmd, nil
	}
}

// user says in h2o's configuration who it is to be, if root starts it: else it
// would be somebody else, which only root may say.
func user() string {
	if os.Geteuid() == 0 {
		return "user: root"
	}
	return ""
}

// nginxConfig is nginx as people tune it: a worker for each core, sendfile, no
// access log. What is in it beyond that is for where files are, for as many
// requests on a connection as there may be, and for more connections.
const nginxConfig = `daemon off;
worker_processes {workers};
worker_rlimit_nofile 20000;
pid {private}/nginx-{port}.pid;
error_log stderr warn;
events { worker_connections 12000; }
http {
	types {
		text/plain txt;
		text/html html;
	}
	default_type application/octet-stream;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000000;
	client_body_temp_path {private}/nginx-body;
	proxy_temp_path {private}/nginx-proxy;
	fastcgi_temp_path {private}/nginx-fastcgi;
	uwsgi_temp_path {private}/nginx-uwsgi;
	scgi_temp_path {private}/nginx-scgi;
	server {
		listen 127.0.0.1:{port} backlog=16384;
		root {site};
		{more}
		location = / {
			default_type text/plain;
			return 200 "hello\n";
		}
		location /lists/ {
			autoindex on;
		}
	}
}
`

// nginx is nginx with more in its configuration.
func nginx(more string) recipe {
	return configured("nginx", strings.Replace(nginxConfig, "{more}", more, 1), "-c")
}

// What more there may be. Of what is written together, the rest is a part of a
// second late.
const (
	noLog = "access_log off;"
	// openFileCache has nginx keep descriptors, and look after a minute whether
	// files are still what they were.
	openFileCache = noLog + " open_file_cache max=1000 inactive=60s;"
	logEach       = "access_log {log} combined;"
	logTogether   = "access_log {log} combined buffer=64k flush=100ms;"
)

// lighttpdConfig has CGI and listings. Connections are kept for as many
// requests as there may be.
const lighttpdConfig = `server.modules = ("mod_cgi", "mod_dirlisting")
server.document-root = "{site}"
server.bind = "127.0.0.1"
server.port = {port}
server.max-fds = 20000
server.max-connections = 10000
server.max-keep-alive-requests = 1000000000
server.max-keep-alive-idle = 60
server.upload-dirs = ("{private}")
mimetype.assign = (".txt" => "text/plain", ".html" => "text/html", "" => "application/octet-stream")
dir-listing.activate = "enable"
$HTTP["url"] =~ "^/cgi-bin/" {
	cgi.assign = ("" => "")
}
`

// h2oConfig has a thread for each of two cores.
const h2oConfig = `num-threads: {workers}
max-connections: 12000
{user}
http1-request-timeout: 60
file.dirlisting: ON
hosts:
  default:
    listen:
      host: 127.0.0.1
      port: {port}
    paths:
      "/":
        file.dir: {site}
`

// python is the interpreter itself, where python3 is a script that looks for it.
var python = sync.OnceValues(func() (string, error) {
	name, err := find("python3")
	if err != nil {
		return "", err
	}
	path, err := exec.Command(name, "-c", "import sys; print(sys.executable)").Output()
	return strings.TrimSpace(string(path)), err
})

// cpython is programs/server.py.
func cpython(s *site, r *row, addr *net.TCPAddr) (*command, error) {
	python, err := python()
	if err != nil {
		return nil, err
	}
	return &command{Cmd: exec.Command(python, filepath.Join(s.private, "server.py"), strconv.Itoa(addr.Port), r.application, s.directory)}, nil
}

// theCommand is cmd/httpserver, which logs requests to standard error: here, a
// file.
func theCommand(b build) recipe {
	return func(s *site, r *row, addr *net.TCPAddr) (*command, error) {
		cmd := &command{Cmd: exec.Command(s.program(b), "-p", "HTTP/1.1", "-b", addr.IP.String(), "-d", s.directory, strconv.Itoa(addr.Port))}
		return cmd, cmd.logTo(filepath.Join(s.private, fmt.Sprintf("command-%d.log", addr.Port)))
	}
}

// versionOf gives a function that has a program say which version it is: what
// stands in its first line, to standard output or error, up to the second space.
func versionOf(program string, args ...string) func(context.Context, *site) string {
	return func(ctx context.Context, _ *site) string {
		path, err := find(program)
		if err != nil {
			return ""
		}
		text, _ := exec.CommandContext(ctx, path, args...).CombinedOutput()
		line, _, _ := strings.Cut(string(text), "\n")
		line = strings.TrimPrefix(line, "nginx version: ")
		line, _, _ = strings.Cut(line, " (")
		return strings.TrimSpace(line)
	}
}
