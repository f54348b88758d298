"""What a scenario is, and what it is given to work with."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any, Callable, List, Optional, Tuple, Union

import certificates
from engine import FakeEngine
from handler_process import HandlerProcess
from outcome import ScenarioFailed
from proxy import Proxy
from rules import Rules
from script import Stream
from taskerd import Taskerd
from wire_trace import Trace


class World:
    """One scenario's: everything that it starts is ended with it."""

    def __init__(self, command: List[str], folder: pathlib.Path, taskerd: pathlib.Path):
        self.folder = folder
        self.rules = Rules()
        self.trace = Trace(folder / "trace.txt")
        self._command, self._taskerd = command, taskerd
        self._closers: List[Callable[[], Any]] = []
        self._handlers: List[HandlerProcess] = []

    def engine(self, **settings: Any) -> FakeEngine:
        """A fake engine. See FakeEngine."""
        engine = FakeEngine(self.rules, self.trace, alive=self._anybody_runs, **settings)
        self._closers.append(engine.stop)
        return engine

    def taskerd(self, templates: str, **settings: Any) -> Taskerd:
        """The real service, started, with these templates (YAML documents). See Taskerd."""
        service = Taskerd(self._taskerd, self.folder, templates, **settings)
        self._closers.append(service.close)
        service.start()
        return service

    def proxy(self, target: str) -> Proxy:
        """A proxy before `target`."""
        proxy = Proxy(target)
        self._closers.append(proxy.close)
        return proxy

    def certificate(self, name: str = "server") -> certificates.Certificate:
        """A fresh one for this machine's loopback."""
        return certificates.make(self.folder, name)

    def handler(self, *engines: Union[FakeEngine, Taskerd, Proxy, str], **settings: Any) -> HandlerProcess:
        """Starts the client under test for these endpoints. See HandlerProcess."""
        addresses = [each if isinstance(each, str) else each.address for each in engines]
        log = self.folder / f"handler{len(self._handlers) or ''}.log"
        handler = HandlerProcess(self._command, addresses, log, **settings)
        self._handlers.append(handler)
        return handler

    def connect(self, concurrency: int = 4, **registered: Any) -> Tuple[HandlerProcess, FakeEngine, Stream]:
        """A handler that is connected to a fake engine and registered. See Stream.accept."""
        engine = self.engine()
        handler = self.handler(engine, concurrency=concurrency)
        return handler, engine, engine.accept(**registered)

    def _anybody_runs(self) -> bool:
        return not self._handlers or any(handler.is_running() for handler in self._handlers)

    def check_rules(self) -> None:
        """Fails with what the handler did against the protocol."""
        self.rules.check_now()
        if self.rules.breaches:
            raise ScenarioFailed("; ".join(self.rules.breaches))

    def tail(self) -> str:
        """The last that the handlers said."""
        return "".join(handler.tail() for handler in self._handlers)

    def close(self) -> None:
        """Ends everything."""
        for handler in self._handlers:
            handler.kill()
        for close in reversed(self._closers):
            close()
        self.trace.close()


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One thing that a handler has to do rightly."""

    name: str
    # One sentence: what holds.
    title: str
    run: Callable[[World], None]


SCENARIOS: List[Scenario] = []


def scenario(function: Callable[[World], None]) -> Callable[[World], None]:
    """Lists a function as a scenario; its name is the scenario's, its doc string the title."""
    title = (function.__doc__ or "").strip().split("\n")[0]
    if not title:
        raise ValueError(f"{function.__name__} has no title")
    SCENARIOS.append(Scenario(function.__name__, title, function))
    return function


def named(name: str) -> Optional[Scenario]:
    """The scenario of that name."""
    return next((each for each in SCENARIOS if each.name == name), None)
