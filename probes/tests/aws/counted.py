"""Starts MiniStack, and tells on a port of its own how many asynchronous invocations it has not finished.

MiniStack runs each of them on a thread whose target is `run`; it has no call that counts them.
"""

import http.server
import os
import sys
import threading

from ministack.app import main


class Count(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        count = sum(thread.name.endswith("(run)") for thread in threading.enumerate())
        body = str(count).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def leave_with_parent():
    # The test holds the other end of standard input: when it is gone, so are we.
    sys.stdin.buffer.read()
    os.kill(os.getpid(), 15)


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["COUNT_PORT"])), Count)
threading.Thread(target=server.serve_forever, name="count", daemon=True).start()
threading.Thread(target=leave_with_parent, name="parent", daemon=True).start()
sys.argv = ["ministack"]
main()
