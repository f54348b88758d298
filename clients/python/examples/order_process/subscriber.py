"""Prints every event, a JSON document a line.

    python subscriber.py --engine 127.0.0.1:7420 --start earliest
"""

import argparse
import json
import signal
import threading

from tasker import Subscriber


class PrintEvents(Subscriber):
    def handle_event(self, event):
        line = {"name": event.name, "task": event.task_id, "step": event.step_name, "at": event.timestamp.isoformat()}
        print(json.dumps({**line, "payload": event.payload, "cursor": event.cursor}), flush=True)


if __name__ == "__main__":
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--engine", default="127.0.0.1:7420", help="host:port of taskerd")
    flags.add_argument("--start", default="now", help="now, earliest, or a cursor")
    given = flags.parse_args()
    subscriber = PrintEvents(given.engine, start=given.start)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=subscriber.stop, daemon=True).start())
    subscriber.run()
