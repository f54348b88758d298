"""Logs for machines."""

import json
import logging

from tasker.logs import JsonFormatter, fields


def line(record):
    return json.loads(JsonFormatter().format(record))


def test_a_line_has_the_message_and_its_fields(caplog):
    log = logging.getLogger("tasker.worker")
    with caplog.at_level(logging.INFO, "tasker"):
        log.info("step %s failed", "päy", extra=fields(step="päy", attempt=2))
    told = line(caplog.records[0])
    assert (told["level"], told["logger"], told["message"]) == ("info", "tasker.worker", "step päy failed")
    assert (told["step"], told["attempt"]) == ("päy", 2)
    assert told["at"].endswith("+00:00")


def test_exceptions_and_what_json_cannot_hold_are_told(caplog):
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("tasker.subscriber").exception("failed", extra=fields(what=object))
    told = line(caplog.records[0])
    assert "ValueError: no" in told["exception"]
    assert "object" in told["what"]
