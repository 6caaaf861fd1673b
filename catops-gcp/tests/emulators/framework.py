"""Writes down what functions-framework read in each event."""

import json
import os


def seen(event):
    with open(os.environ["SEEN"], "a", encoding="utf-8") as file:
        file.write(json.dumps({"type": event["type"], "data": event.get_data()}) + "\n")
