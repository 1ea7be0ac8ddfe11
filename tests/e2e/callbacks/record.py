"""A callback that writes down every result as it reached the callbacks, one JSON object a line."""

import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: notification
short_description: Write down every result
description: For tests. RECORD names the file.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def write(self, event, result):
        content = result.result if hasattr(result, "result") else result._result
        task = result.task if hasattr(result, "task") else result._task
        host = result.host if hasattr(result, "host") else result._host
        line = {
            "event": event,
            "task": task.get_name(),
            "host": host.get_name(),
            "result": content,
        }
        with Path(os.environ["RECORD"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self.write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.write("failed", result)

    def v2_runner_on_unreachable(self, result):
        self.write("unreachable", result)

    def v2_runner_on_skipped(self, result):
        self.write("skipped", result)

    def v2_runner_item_on_ok(self, result):
        self.write("item ok", result)

    def v2_runner_item_on_failed(self, result):
        self.write("item failed", result)
