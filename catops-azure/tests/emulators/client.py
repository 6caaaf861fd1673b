"""One step of Microsoft's client: client.py <connection string> <step> <queue or table> <JSON>; it answers in JSON."""

import json
import sys
from datetime import datetime, timedelta, timezone

from azure.data.tables import EdmType, EntityProperty, TableClient
from azure.storage.queue import QueueClient, TextBase64DecodePolicy, TextBase64EncodePolicy, generate_account_sas

connection, step, name, given = sys.argv[1:]
given = json.loads(given)


def queue():
    # What a queue trigger uses by default.
    policies = {"message_encode_policy": TextBase64EncodePolicy(), "message_decode_policy": TextBase64DecodePolicy()}
    return QueueClient.from_connection_string(connection, name, **policies)


def table():
    return TableClient.from_connection_string(connection, name)


def plain(value):
    return value.value if isinstance(value, EntityProperty) else value


def sas():
    parts = dict(part.split("=", 1) for part in connection.split(";"))
    return generate_account_sas(
        parts["AccountName"],
        parts["AccountKey"],
        resource_types="sco",
        permission="rwdlacup",
        expiry=datetime.now(timezone.utc) + timedelta(hours=1),
        services="qt",
    )


def write():
    given["expires"] = EntityProperty(given["expires"], EdmType.INT64)
    table().create_entity(given)


steps = {
    "receive": lambda: [message.content for message in queue().receive_messages()],
    "send": lambda: queue().send_message(given) and None,
    "rows": lambda: [{key: plain(value) for key, value in row.items()} for row in table().list_entities()],
    "write": write,
    "sas": sas,
}
json.dump(steps[step](), sys.stdout)
