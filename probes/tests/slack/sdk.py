"""Slack's own SDK and Bolt, asked line by line: a question in JSON comes in, an answer in JSON goes out."""

import base64
import inspect
import json
import logging
import re
import sys
import urllib.request
import warnings

from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.respond import Respond
from slack_sdk import WebClient, WebhookClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.attachments import Attachment, BlockAttachment
from slack_sdk.models.blocks import Block, Option, OptionGroup
from slack_sdk.models.views import View
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.internal_utils import _warn_if_message_text_content_is_missing

# What Bolt thinks of a refused request is its answer, and needs no log.
logging.disable(logging.CRITICAL)


class At(Clock):
    """A clock that stands."""

    def __init__(self, now):
        self.at = now

    def now(self):
        return self.at


def sign(secret, timestamp, body):
    return SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=base64.b64decode(body))


def valid(secret, now, timestamp, signature, body):
    try:
        return SignatureVerifier(secret, At(now)).is_valid(base64.b64decode(body), timestamp, signature)
    except (ValueError, TypeError) as refusal:
        # No number, or letters that cannot be compared: a caller of the SDK gets an exception, and Slack's Bolt a 500.
        return type(refusal).__name__


def attachment(given):
    if "blocks" in given:
        return BlockAttachment(**{**given, "blocks": Block.parse_all(given["blocks"])}).to_dict()
    written = Attachment(**given).to_dict()
    # It writes a list of fields even where there are none.
    return {name: value for name, value in written.items() if name in given or value != []}


models = {
    "blocks": lambda given: [block and block.to_dict() for block in Block.parse_all(given)],
    "attachments": lambda given: [attachment(one) for one in given],
    "view": lambda given: View(**given).to_dict(),
    "options": lambda given: [option.to_dict() for option in Option.parse_all(given)],
    "option_groups": lambda given: [group.to_dict() for group in OptionGroup.parse_all(given)],
}


def model(of, given):
    """Reads it into the SDK's model and writes it out again, which also runs every validator that the SDK has."""
    return models[of](given)


def parameters(of):
    methods = {"respond": Respond.__call__}
    return sorted(inspect.signature(methods.get(of) or getattr(WebClient, of)).parameters)


def warnings_of(message):
    """What the SDK's client says when it sends this message: that somebody would be notified of nothing."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        _warn_if_message_text_content_is_missing("chat.postMessage", message)
    return [str(one.message) for one in said]


def call(base, token, method, arguments):
    """Calls a method: by its name in the SDK, or by Slack's where the SDK's way (GET) is not to be taken."""
    client = WebClient(token=token, base_url=base)
    try:
        if "." in method:
            return client.api_call(method, json=arguments).data
        return getattr(client, method)(**arguments).data
    except SlackApiError as refusal:
        return refusal.response.data


def get(url, token):
    """Reads a page or a file."""
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def hook(url, message):
    answer = WebhookClient(url).send_dict(message)
    return [answer.status_code, answer.body]


def bolt(secret, content_type, timestamp, signature, body):
    """Hands a request to Bolt, and returns its status, its answer, and what it made of the request."""
    heard = []
    installed = AuthorizeResult(
        enterprise_id=None, team_id="T0001", bot_user_id="U0BOT", bot_id="B0001", bot_token="xoxb-1"
    )
    app = App(signing_secret=secret, authorize=lambda: installed, process_before_response=True)

    def hear(kind):
        def listener(ack, context, body):
            heard.append(
                {
                    "kind": kind,
                    "user": context.user_id,
                    "channel": context.channel_id,
                    "team": context.team_id,
                    "response_url": context.response_url,
                    "trigger_id": body.get("trigger_id"),
                }
            )
            ack()

        return listener

    anything = re.compile(".*", re.DOTALL)
    app.command(anything)(hear("command"))
    app.event("app_mention")(hear("app_mention"))
    app.event("message")(hear("message"))
    app.action(anything)(hear("block_actions"))
    app.options(anything)(hear("block_suggestion"))
    app.view_submission(anything)(hear("view_submission"))
    app.view_closed(anything)(hear("view_closed"))
    app.global_shortcut(anything)(hear("shortcut"))
    app.message_shortcut(anything)(hear("message_action"))
    headers = {
        "content-type": [content_type],
        "x-slack-request-timestamp": [timestamp],
        "x-slack-signature": [signature],
    }
    answer = app.dispatch(BoltRequest(body=body, headers=headers))
    return {"status": answer.status, "body": answer.body, "heard": heard}


questions = {
    "sign": sign,
    "valid": valid,
    "model": model,
    "parameters": parameters,
    "warnings": warnings_of,
    "call": call,
    "get": get,
    "hook": hook,
    "bolt": bolt,
}

for line in sys.stdin:
    question = json.loads(line)
    try:
        said = {"said": questions[question.pop("do")](**question)}
    except Exception as failure:
        said = {"failed": f"{type(failure).__name__}: {failure}"}
    print(json.dumps(said), flush=True)
