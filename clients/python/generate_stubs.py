"""Generates the protobuf and gRPC modules from protos/ into tasker/_generated.

Run by setup-venv, and by setup.py when a wheel is built. Needs grpcio-tools.
"""

from __future__ import annotations

import importlib.resources
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROTOS = HERE.parents[1] / "protos"
GENERATED = HERE / "tasker" / "_generated"


def generate(protos: pathlib.Path = PROTOS, into: pathlib.Path = GENERATED) -> None:
    """Replaces what is there. Raises RuntimeError if protoc does not like the protos."""
    from grpc_tools import protoc

    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    sources = sorted(str(each.relative_to(protos)) for each in protos.glob("tasker/v1/*.proto"))
    if not sources:
        raise RuntimeError(f"no protos in {protos}")
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    code = protoc.main([
        "protoc", f"-I{protos}", f"-I{well_known}",
        f"--python_out={into}", f"--pyi_out={into}", f"--grpc_python_out={into}", *sources,
    ])
    if code != 0:
        raise RuntimeError(f"protoc ended with {code}")
    for module in (*into.rglob("*.py"), *into.rglob("*.pyi")):
        # The modules import each other as `tasker.v1`; in this package they live one level down.
        text = re.sub(r"^from tasker\.v1 import", "from tasker._generated.tasker.v1 import", module.read_text(), flags=re.M)
        module.write_text(text)
    for package in (into, into / "tasker", into / "tasker" / "v1"):
        (package / "__init__.py").touch()


if __name__ == "__main__":
    try:
        generate()
    except RuntimeError as error:
        sys.exit(f"generate_stubs: {error}")
