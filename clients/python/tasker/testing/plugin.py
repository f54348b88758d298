"""Fixtures for pytest, which finds them by the package's entry point.

`taskerd_server` is a fixture that starts a taskerd; what it is started with says the fixture
`taskerd_templates`, which a test module or conftest.py overrides:

    @pytest.fixture(scope="session")
    def taskerd_templates():
        return ["config/tasks/order_process.yaml"]

    def test_order(taskerd_server):
        taskerd_server.start_worker(HANDLERS)
        assert taskerd_server.run_task("order_process", {"order_id": 1, "customer_id": 2}).completed_steps == 5
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List

import pytest

from .server import TaskerdServer


@pytest.fixture(scope="session")
def taskerd_templates() -> List[str]:
    """Template files that `taskerd_server` has; override it."""
    return []


@pytest.fixture(scope="session")
def taskerd_settings() -> Dict[str, Any]:
    """Settings that `taskerd_server` has, as in config/tasker.yaml; override it."""
    return {}


@pytest.fixture
def taskerd_server(taskerd_templates: List[str], taskerd_settings: Dict[str, Any]) -> Iterator[TaskerdServer]:
    """A real taskerd with an empty store, for one test."""
    with TaskerdServer(taskerd_templates, taskerd_settings) as server:
        yield server
