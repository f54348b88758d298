"""Steps over HTTP, against a server of this process."""

import datetime
import http.server
import json
import socket
import threading

import pytest

from tasker import ApiStepHandler, PermanentError, RetryableError, StepCancelled
from tasker.retry_after import seconds_of
from tasker.testing import cancel_step, make_step, run_step


class Answers(http.server.BaseHTTPRequestHandler):
    """Each request is answered by the next of the server's `answers`: status, headers, body."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        status, headers, text = self.server.answers.pop(0) if self.server.answers else (200, {}, "{}")
        if status is None:
            # Cut off in the middle of nowhere.
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.answers, server.seen = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def step_with(**config):
    return make_step(handler_config=config, traceparent="00-abc-def-01", tracestate="k=v")


def test_the_configured_request_is_made(api):
    api.answers = [(201, {"Content-Type": "application/json; charset=utf-8", "X-Kind": "order"}, '{"id": 9007199254740993}')]
    results = run_step(ApiStepHandler, step=step_with(
        url=api.url + "/orders", method="post", params={"dry": "1"}, headers={"X-Key": "k"}, body={"text": "é"}))
    assert (results["status"], results["body"]) == (201, {"id": 9007199254740993})
    assert results["headers"]["X-Kind"] == "order"
    (method, path, headers, body), = api.seen
    assert (method, path, headers["X-Key"], json.loads(body)) == ("POST", "/v1/orders?dry=1", "k", {"text": "é"})
    assert headers["Content-Type"] == "application/json"
    assert (headers["traceparent"], headers["tracestate"]) == ("00-abc-def-01", "k=v")


def test_what_is_not_json_is_text(api):
    api.answers = [(200, {"Content-Type": "text/plain; charset=utf-8"}, "grüezi"), (200, {"Content-Type": "application/json"}, "{")]
    assert run_step(ApiStepHandler, step=step_with(url=api.url))["body"] == "grüezi"
    assert run_step(ApiStepHandler, step=step_with(url=api.url))["body"] == "{"


def test_process_makes_requests_of_its_own_below_the_url(api):
    class Fetch(ApiStepHandler):
        def process(self, task, sequence, step):
            return self.connection.get("/inventory/check", {"id": [1, 2]})

        def process_results(self, step, process_output, initial_results):
            step.results = {"levels": process_output.json()["levels"]}

    api.answers = [(200, {}, '{"levels": [3]}')]
    assert run_step(Fetch, step=step_with(url=api.url)) == {"levels": [3]}
    assert api.seen[0][:2] == ("GET", "/v1/inventory/check?id=1&id=2")


@pytest.mark.parametrize("status, headers, error, retry_after", [
    (429, {"Retry-After": "7"}, RetryableError, 7.0),
    (503, {"Retry-After": "0"}, RetryableError, 0.0),
    (503, {}, RetryableError, None),
    (429, {"Retry-After": "soon"}, RetryableError, None),
    (500, {"Retry-After": "7"}, RetryableError, None),
    (504, {}, RetryableError, None),
    (400, {}, PermanentError, None),
    (404, {}, PermanentError, None),
    (304, {}, PermanentError, None),
])
def test_statuses_become_failures(api, status, headers, error, retry_after):
    api.answers = [(status, headers, "" if status == 304 else "no such thing")]
    with pytest.raises(error, match=f"GET {api.url}: status {status}") as raised:
        run_step(ApiStepHandler, step=step_with(url=api.url))
    assert getattr(raised.value, "retry_after", None) == retry_after


def test_network_errors_are_retryable(api):
    api.answers = [(None, {}, "")]
    with pytest.raises(RetryableError, match="ConnectionError"):
        run_step(ApiStepHandler, step=step_with(url=api.url))


def test_a_server_that_does_not_answer_in_time_is_retryable():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        # Connections come about in the backlog, and nobody ever reads them.
        silent.listen()
        with pytest.raises(RetryableError, match="ReadTimeout"):
            run_step(ApiStepHandler, step=step_with(url=f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.05))


@pytest.mark.parametrize("config", [{"url": ""}, {"url": "ftp://x/"}, {"url": "http://x", "timeout": "long"}, {"url": "http://x", "headers": 3}])
def test_settings_that_cannot_be_meant_fail_for_good(config):
    with pytest.raises(PermanentError):
        run_step(ApiStepHandler, step=step_with(**config))


def test_retries_within_the_attempt(api):
    api.answers = [(500, {}, ""), (None, {}, ""), (200, {}, "ok")]
    results = run_step(ApiStepHandler, step=step_with(url=api.url, retries=2, retry_delay=0))
    assert (results["body"], len(api.seen)) == ("ok", 3)


def test_no_retries_where_the_server_says_when_or_never(api):
    for answer, error in (((503, {"Retry-After": "9"}, ""), RetryableError), ((400, {}, ""), PermanentError)):
        api.answers, api.seen[:] = [answer], []
        with pytest.raises(error):
            run_step(ApiStepHandler, step=step_with(url=api.url, retries=5, retry_delay=0))
        assert len(api.seen) == 1


def test_a_cancelled_step_does_not_wait_for_the_next_try(api):
    api.answers = [(500, {}, "")]
    step = step_with(url=api.url, retries=1, retry_delay=3600)
    cancel_step(step)
    with pytest.raises(StepCancelled):
        run_step(ApiStepHandler, step=step)


def test_cookies_of_one_task_are_none_of_the_next(api):
    api.answers = [(200, {"Set-Cookie": "session=1"}, "")]
    for _ in range(2):
        run_step(ApiStepHandler, step=step_with(url=api.url))
    assert "Cookie" not in api.seen[1][2]


def test_the_connection_is_there_only_within_process():
    with pytest.raises(RuntimeError, match="only within process"):
        ApiStepHandler().connection  # noqa: B018


def test_retry_after_is_a_number_of_seconds_or_a_date():
    now = datetime.datetime(2026, 1, 1, 12, 0, 0, tzinfo=datetime.timezone.utc)
    assert seconds_of("120", now) == 120
    assert seconds_of("Thu, 01 Jan 2026 12:01:30 GMT", now) == 90
    assert seconds_of("Thu, 01 Jan 2026 11:00:00 GMT", now) == 0
    for nonsense in (None, "", "-1", "1.5e9", "tomorrow", "9" * 30):
        assert seconds_of(nonsense, now) is None
