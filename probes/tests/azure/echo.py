#!/usr/bin/env python3
"""A handler for the stand-in host to be tried with: answers `slack` with the body that was sent to it, fails each message
`fail`, and writes down what it was called with."""

import http.server
import json
import os


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, kind, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(404, "text/plain", "")

    def do_POST(self):
        envelope = json.loads(self.rfile.read(int(self.headers["content-length"])))
        data, metadata = envelope["Data"], envelope["Metadata"]
        if self.path == "/slack":
            headers = data["req"]["Headers"]
            self.answer(int(headers["X-Status"][0]), headers["X-Kind"][0], data["req"].get("Body", ""))
            return
        text = json.loads(data["item"])
        with open(os.environ["CALLS"], "a") as calls:
            calls.write(f"{self.path} {metadata['DequeueCount']} {text}\n")
        failed = self.path == "/job" and text == "fail"
        self.answer(500 if failed else 200, "application/json", '{"Outputs":{}}')

    def log_message(self, *args):
        pass


address = ("127.0.0.1", int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
