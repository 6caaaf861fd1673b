"""The bot as an operator deploys it: the release binary, by the SAM template, with its secret in Secrets Manager, on an emulator.

Everything is looked at through boto3. Usage: aws-deployed.py <program of MiniStack> <program of SAM> <bootstrap.zip>
"""

import collections
import contextlib
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import boto3

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BUDGET = 3.0  # seconds that Slack waits for the acknowledgement
SOON = 20.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, look):
    """Looks again until there is something to see."""
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise SystemExit(f"not seen within {SOON:.0f} s: {what}")


def check(holds, what):
    if not holds:
        raise SystemExit(f"FAILED: {what}")
    print(f"  {what}")


class Sink(http.server.BaseHTTPRequestHandler):
    """Where replies go; Slack's response_url in its place."""

    replies = collections.defaultdict(list)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.replies[self.path].append(json.loads(body))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def ministack(program, folder):
    port = free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    with open(folder / "ministack.log", "wb") as log:
        server = subprocess.Popen([program], env=os.environ | settings, stdout=log, stderr=log, cwd=folder)
    try:
        def healthy():
            if server.poll() is not None:
                raise SystemExit((folder / "ministack.log").read_text())
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
                connection.request("GET", "/_ministack/health")
                return connection.getresponse().status == 200

        until("MiniStack is up", healthy)
        yield port
    finally:
        server.terminate()
        server.wait()


def main(*paths):
    program, sam, package = (str(pathlib.Path(path).absolute()) for path in paths)
    root = pathlib.Path(__file__).resolve().parent.parent
    sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    replies = f"127.0.0.1:{sink.server_address[1]}"
    folder = pathlib.Path(tempfile.mkdtemp())
    with ministack(program, folder) as port:
        endpoint = f"http://127.0.0.1:{port}"
        os.environ |= {
            "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "SAM_CLI_TELEMETRY": "0",
        }
        client = lambda service: boto3.client(service, region_name="us-east-1", endpoint_url=endpoint)
        settings = {"CATOPS_SLACK_SIGNING_SECRET": SECRET, "CATOPS_REPLY_HOSTS": replies}
        client("secretsmanager").create_secret(Name="catops", SecretString=json.dumps(settings))

        # The template looks for the package where cargo lambda puts it.
        copy = folder / "deploy" / "aws"
        copy.mkdir(parents=True)
        shutil.copy(root / "deploy" / "aws" / "template.yaml", copy)
        (folder / "target" / "lambda" / "bootstrap").mkdir(parents=True)
        shutil.copy(package, folder / "target" / "lambda" / "bootstrap" / "bootstrap.zip")
        deploy = [sam, "deploy", "--template-file", copy / "template.yaml", "--stack-name", "catops", "--resolve-s3",
                  "--capabilities", "CAPABILITY_IAM", "--parameter-overrides", "Architecture=x86_64", "--region", "us-east-1"]
        deployed = subprocess.run(deploy, capture_output=True, text=True)
        check(deployed.returncode == 0, "sam deploy" if deployed.returncode == 0 else deployed.stdout + deployed.stderr)
        stack = client("cloudformation").describe_stacks(StackName="catops")["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        url = urllib.parse.urlsplit(outputs["SlackUrl"])

        def slash(text, trigger, secret=SECRET):
            form = urllib.parse.urlencode({
                "team_id": "T1", "channel_id": "C1", "user_id": "U1", "user_name": "ann", "command": "/meow",
                "text": text, "response_url": f"http://{replies}/{trigger}", "trigger_id": trigger,
            })
            now = str(int(time.time()))
            signature = "v0=" + hmac.new(secret.encode(), f"v0:{now}:{form}".encode(), hashlib.sha256).hexdigest()
            begun = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", url.path, form, {
                "host": url.netloc, "content-type": "application/x-www-form-urlencoded",
                "x-slack-request-timestamp": now, "x-slack-signature": signature,
            })
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), time.monotonic() - begun

        def events():
            """The lines that the function wrote, one a event, each with the stream of its invocation."""
            pages = client("logs").get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/catops")
            lines = [event["message"] for page in pages for event in page["events"] if event["message"].startswith("{")]
            return [line for line in map(json.loads, lines) if line.get("message") == "event"]

        def audit():
            items = client("dynamodb").scan(TableName="catops")["Items"]
            return [item for item in items if item["pk"]["S"] == "audit"]

        status, body, took = slash("ping", "first")
        check((status, body) == (200, '{"response_type":"in_channel"}'), f"acknowledged: {status} {body}")
        check(took < BUDGET, f"within the budget: {took * 1000:.0f} ms from cold, {BUDGET:.0f} s at most")
        reply = until("the reply", lambda: Sink.replies["/first"])[0]
        check("pong" in json.dumps(reply), "the reply is at the response_url")
        job = lambda: next((line for line in events() if line["kind"] == "job"), None)
        second = until("the log of the second leg", job)
        first = next(line for line in events() if line["kind"] == "request")
        check(first["request_id"] != second["request_id"] and first["job"] == second["job"],
              "the second leg was an invocation of its own")
        check((second["command"], second["outcome"]) == ("ping", "ran"), "the log says what ran, and how it ended")
        check(len(audit()) == 1, "there is one audit item in the table")

        slash("ping", "first")
        until("the duplicate's end", lambda: [line for line in events() if line["outcome"] == "repeat"])
        check(len(audit()) == 1 and len(Sink.replies["/first"]) == 1, "the same request again ran nothing")

        status, body, _ = slash("ping", "forged", secret="not the secret of this app")
        check((status, body) == (401, ""), "a forged signature: 401, and not a word")

        client("dynamodb").delete_table(TableName="catops")
        status, _, _ = slash("ping", "no-table")
        told = until("the message", lambda: Sink.replies["/no-table"])[0]
        check(status == 200 and "nothing was run" in json.dumps(told), "without the table: the asker is told, nothing ran")
        check(not Sink.replies["/forged"], "the forged request was answered nowhere else")
    shutil.rmtree(folder)


main(*sys.argv[1:])
