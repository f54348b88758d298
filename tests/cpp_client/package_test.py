"""The C++ library as a package: installed, found from an empty folder, and the README's handler built and run.

Usage: package_test.py BUILD_FOLDER README TASKERD
"""

import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

# Far above what anything here takes; only a test that would otherwise hang meets it.
PATIENCE_S = 300


def block(readme: pathlib.Path, language: str) -> str:
    """The first code block in that language."""
    found = re.search(rf"```{language}\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"{readme} has no {language} block"
    return found[1]


def run(*command: object) -> None:
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}"


class Program:
    """A program whose lines are waited for."""

    def __init__(self, *command: object):
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.said = ""
        # Ends the wait for a line that never comes.
        self._guard = threading.Timer(PATIENCE_S, self.process.kill)
        self._guard.start()

    def await_line(self, pattern: str) -> "re.Match[str]":
        for line in self.process.stdout:
            self.said += line
            found = re.search(pattern, line)
            if found:
                return found
        raise AssertionError(f"{pattern!r} was never said:\n{self.said}")

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        self.said += self.process.stdout.read()
        self._guard.cancel()
        return self.process.wait(PATIENCE_S)


def main(build: pathlib.Path, readme: pathlib.Path, taskerd: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        run("cmake", "--install", build, "--component", "tasker_client", "--prefix", folder / "package")
        headers = [path for path in (folder / "package" / "include").rglob("*") if path.is_file()]
        inside = [path for path in headers if "storage" in path.parts or "engine" in path.parts]
        assert headers and not inside, f"the package has what is inside the service: {inside}"

        service = Program(taskerd, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--data",
                          folder / "data")
        try:
            address = service.await_line(r"listening on ([0-9.]+:[0-9]+)")[1]
            source = folder / "orders"
            source.mkdir()
            (source / "main.cc").write_text(block(readme, "cpp").replace("127.0.0.1:7420", address))
            (source / "CMakeLists.txt").write_text(block(readme, "cmake"))
            run("cmake", "-G", "Ninja", "-S", source, "-B", source / "build",
                f"-DCMAKE_PREFIX_PATH={folder / 'package'}")
            run("cmake", "--build", source / "build")
            handler = Program(source / "build" / "orders")
            try:
                handler.await_line("connected")
            finally:
                # No signal handler in ten lines: it ends by the signal.
                code = handler.end(signal.SIGTERM)
            assert code == -signal.SIGTERM, f"it ended with {code}:\n{handler.said}"
        finally:
            service.end(signal.SIGTERM)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3])
