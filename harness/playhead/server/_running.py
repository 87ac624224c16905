"""A provider that runs in a thread of its own, for tests: sync and async clients, and clients in any language."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType

from playhead.server._core import Provider, ProviderRequest
from playhead.server._h11 import SmallServer

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
        """The port it listens on."""
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
    def requests(self) -> list[ProviderRequest]:
        """The calls of models so far, in order."""
        return self.provider.requests

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

        self._thread = threading.Thread(target=run, name="playhead-provider", daemon=True)
        self._thread.start()
        ready.wait()
        if failure:
            raise failure[0]
        return self

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._thread is not None and self._thread.is_alive():
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def __enter__(self) -> RunningProvider:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
