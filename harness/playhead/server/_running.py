"""A provider that runs in a thread of its own, for tests: sync and async clients, and clients in any language."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from types import TracebackType
from typing import Any

from playhead import virtual
from playhead.exceptions import UserError
from playhead.server._core import Provider
from playhead.server._h11 import SmallServer
from playhead.server._journal import Journal

__all__ = ["RunningProvider"]


class RunningProvider:
    """`provider` on 127.0.0.1, from `start()` (or `with`) to `stop()`.

    `openai_url` ends in `/v1`, `anthropic_url` and `google_url` do not: each is ready for its SDK's `base_url=`.
    """

    def __init__(self, provider: Provider, *, port: int = 0) -> None:
        self.provider = provider
        self._server = SmallServer(provider, port=port)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on. `UserError` before `start()`, if it is to take a free one."""
        if not self._server.port:
            raise UserError(
                "The provider does not run yet. Use it inside of `with RunningProvider(...)`, or after `start()`."
            )
        return self._server.port

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        """For clients of the Chat Completions and Responses APIs."""
        return f"{self.url}/v1"

    @property
    def anthropic_url(self) -> str:
        """For clients of the Messages API."""
        return self.url

    @property
    def google_url(self) -> str:
        """For clients of the Gemini API."""
        return self.url

    @property
    def requests(self) -> Journal:
        """The calls of models so far, in order."""
        return self.provider.requests

    def assert_asked(self, pattern: str | None = None, *, times: int | None = None, **conditions: Any) -> None:
        """Fails unless a request (or exactly `times` of them) fits; see `Journal.assert_asked`."""
        self.requests.assert_asked(pattern, times=times, **conditions)

    def assert_not_asked(self, pattern: str | None = None, **conditions: Any) -> None:
        """Fails if a request fits."""
        self.requests.assert_not_asked(pattern, **conditions)

    def assert_no_warnings(self) -> None:
        """Fails if a request had what a real provider would not have known."""
        self.requests.assert_no_warnings()

    def assert_served(self) -> None:
        """Raises what clients were told as errors 500, and `ScriptUnused` for what is left of a script."""
        self.provider.assert_served()

    def fail(self, status: int = 500, message: str = "The server had an error", **rest: Any) -> None:
        """The next calls (`times=1`) get this error; see `Provider.fail`."""
        self.provider.fail(status, message, **rest)

    def cut(self, *, after_bytes: int = 0, times: int = 1) -> None:
        """The bodies of the next replies end after so many bytes."""
        self.provider.cut(after_bytes=after_bytes, times=times)

    def start(self) -> RunningProvider:
        """Listen, in a new thread. `OSError` where the port is taken."""
        failure: list[BaseException] = []
        ready = threading.Event()

        def run() -> None:
            loop = self._loop = asyncio.SelectorEventLoop()
            try:
                loop.run_until_complete(self._server.start())
            except BaseException as error:
                failure.append(error)
                ready.set()
                loop.close()
                return
            ready.set()
            loop.run_forever()
            loop.run_until_complete(self._server.stop())
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

        # The test's clock and ids hold in the thread as well.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=lambda: context.run(run), name="playhead-provider", daemon=True)
        self._thread.start()
        ready.wait()
        if failure:
            raise failure[0]
        assert self._loop is not None
        virtual.accompany(self._loop)  # on a virtual clock its waiting takes no time either
        return self

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._thread is not None and self._thread.is_alive():
            assert self._loop is not None
            virtual.leave(self._loop)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def __enter__(self) -> RunningProvider:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
