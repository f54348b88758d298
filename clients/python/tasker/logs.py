"""Logs for machines: a JSON object a line.

The package logs by the standard library's `logging`, below the logger `tasker`: messages for people, and the
same facts as fields (`task_id`, `step`, `error_class`, ...) that JsonFormatter writes out. Without it, the
application's own configuration of `logging` holds.
"""

from __future__ import annotations

import datetime
import json
import logging
import sys
from typing import Any, Dict, Mapping

_FIELDS = "tasker_fields"


def fields(**values: Any) -> Dict[str, Mapping[str, Any]]:
    """`log.info("...", extra=fields(task_id=...))`."""
    return {_FIELDS: values}


class JsonFormatter(logging.Formatter):
    """A line of JSON with `at`, `level`, `logger`, `message`, the message's fields, and `exception` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        line: Dict[str, Any] = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_json(level: int = logging.INFO) -> None:
    """Sends all logs to stderr as lines of JSON. For a program's beginning."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler])
