"""HTTP requests as a step's settings describe them, whose failures are a step's."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Mapping, Optional, Union
from urllib.parse import urljoin

import requests

from .errors import PermanentError, RetryableError
from .retry_after import seconds_of
from .step import Step

_TOO_BUSY = (429, 503)
_BODY_SHOWN = 500


@dataclasses.dataclass(frozen=True)
class ApiSettings:
    """What a step's `handler_config` says of its requests."""

    url: str = ""
    method: str = "GET"
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: Any = None
    # Whether the server's certificate is checked; or a file of certificates to check it against.
    verify: Union[bool, str] = True
    timeout_s: float = 30.0
    # More requests within one attempt after one that failed but may be repeated, and the pause before each.
    retries: int = 0
    retry_delay_s: float = 1.0
    exponential: bool = True

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "ApiSettings":
        """Raises PermanentError for settings that cannot be meant."""
        ssl = config.get("ssl", True)
        verify = ssl.get("ca_file", ssl.get("verify", True)) if isinstance(ssl, Mapping) else ssl
        try:
            return cls(
                url=str(config.get("url") or ""),
                method=str(config.get("method") or "GET").upper(),
                params=dict(config.get("params") or {}),
                headers={str(name): str(value) for name, value in dict(config.get("headers") or {}).items()},
                body=config.get("body", config.get("payload")),
                verify=verify if isinstance(verify, str) else bool(verify),
                timeout_s=float(config.get("timeout", 30.0)),
                retries=int(config.get("retries", 0)),
                retry_delay_s=float(config.get("retry_delay", 1.0)),
                exponential=bool(config.get("enable_exponential_backoff", True)),
            )
        except (TypeError, ValueError) as error:
            raise PermanentError(f"handler_config is not that of an API step: {error}") from error


class ApiConnection:
    """Requests with one step's settings: its url, headers, timeout, and the trace that its task belongs to.

    Every method returns a response of status 2xx, or raises: RetryableError for 429 and 503 (with their
    Retry-After), for every other 5xx, and for time-outs and network errors; PermanentError for the rest.
    """

    def __init__(self, settings: ApiSettings, step: Step, session: requests.Session):
        self.settings = settings
        self._step = step
        self._session = session

    def get(self, path: str = "", params: Optional[Mapping[str, Any]] = None, **options: Any) -> requests.Response:
        """`path` is relative to the step's `url`; `options` as in `request`."""
        return self.request("GET", path, params=params, **options)

    def post(self, path: str = "", body: Any = None, **options: Any) -> requests.Response:
        return self.request("POST", path, body=body, **options)

    def put(self, path: str = "", body: Any = None, **options: Any) -> requests.Response:
        return self.request("PUT", path, body=body, **options)

    def patch(self, path: str = "", body: Any = None, **options: Any) -> requests.Response:
        return self.request("PATCH", path, body=body, **options)

    def delete(self, path: str = "", **options: Any) -> requests.Response:
        return self.request("DELETE", path, **options)

    def request(
        self, method: str, path: str = "", *, params: Optional[Mapping[str, Any]] = None, body: Any = None,
        headers: Optional[Mapping[str, str]] = None,
    ) -> requests.Response:
        """A mapping or list as body is sent as JSON, text and bytes as they are."""
        delay_s = self.settings.retry_delay_s
        for left in range(self.settings.retries, -1, -1):
            try:
                return self._request_once(method, path, params, body, headers)
            except RetryableError as error:
                # What the server says of when to come again is the engine's to wait for, not this thread's.
                if left == 0 or error.retry_after is not None:
                    raise
            self._step.wait_cancelled(delay_s)
            self._step.raise_if_cancelled()
            delay_s *= 2 if self.settings.exponential else 1
        raise PermanentError("handler_config.retries must not be negative")

    def _request_once(
        self, method: str, path: str, params: Optional[Mapping[str, Any]], body: Any, headers: Optional[Mapping[str, str]],
    ) -> requests.Response:
        url = _joined(self.settings.url, path)
        as_json = isinstance(body, (Mapping, list))
        try:
            response = self._session.request(
                method, url, params=params, json=body if as_json else None, data=None if as_json else _bytes(body),
                headers={**self._trace(), **self.settings.headers, **(headers or {})},
                timeout=self.settings.timeout_s, verify=self.settings.verify,
            )
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema,
                requests.exceptions.InvalidSchema, requests.exceptions.InvalidHeader,
                requests.exceptions.InvalidJSONError) as error:
            raise PermanentError(f"{method} {url}: {error}") from error
        except requests.exceptions.RequestException as error:
            raise RetryableError(f"{method} {url}: {type(error).__name__}: {error}") from error
        _raise_for(response, f"{method} {url}")
        return response

    def _trace(self) -> Dict[str, str]:
        trace = {"traceparent": self._step.traceparent, "tracestate": self._step.tracestate}
        return {name: value for name, value in trace.items() if value}


def _joined(url: str, path: str) -> str:
    """Below the url's own path, as people mean it; an absolute `path` stands for itself."""
    if not path:
        return url
    if "://" in path:
        return path
    return urljoin(url.rstrip("/") + "/", path.lstrip("/"))


def _bytes(body: Any) -> Any:
    return body.encode() if isinstance(body, str) else body


def _raise_for(response: requests.Response, what: str) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    message = f"{what}: status {status}: {response.text[:_BODY_SHOWN]}"
    if status in _TOO_BUSY:
        raise RetryableError(message, retry_after=seconds_of(response.headers.get("Retry-After")))
    if status >= 500:
        raise RetryableError(message)
    raise PermanentError(message)
