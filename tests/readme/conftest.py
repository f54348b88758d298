"""Where the test finds what `make test` built before it."""

import os
import pathlib

os.environ.setdefault("TASKERD", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "bin" / "taskerd"))
