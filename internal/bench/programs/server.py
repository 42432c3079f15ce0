"""CPython's http.server as a server to be measured: server.py PORT hello|files DIRECTORY."""

import functools
import sys
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer


class Quiet:
    protocol_version = "HTTP/1.1"

    def log_request(self, code="-", size="-"):
        pass


class Hello(Quiet, BaseHTTPRequestHandler):
    wbufsize = -1  # one write for head and content; flushed after each request

    def answer(self, content):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self.answer(b"hello\n")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))


class Files(Quiet, SimpleHTTPRequestHandler):
    pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        pass  # clients that leave


port, application, directory = int(sys.argv[1]), sys.argv[2], sys.argv[3]
handler = Hello if application == "hello" else functools.partial(Files, directory=directory)
Server(("127.0.0.1", port), handler).serve_forever()
