"""The tests of the suite itself: that its rules hold what is right for right, and notice what is wrong."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# Some mistakes show only by what never comes.
os.environ.setdefault("CONFORMANCE_PATIENCE_S", "6")
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
# The tiny client runs in the environment of these tests.
os.environ["PYTHON"] = sys.executable
