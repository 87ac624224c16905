"""Opening and closing: `use_cassette` as a context manager, sync or async, and as a decorator."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from playhead.cassette._decorate import decorated, path_for
from playhead.cassette._keys import PlaceholderKeys
from playhead.cassette._options import Options, make_options
from playhead.cassette._processes import Terminations, watch_processes

if TYPE_CHECKING:
    import vcr

    from playhead.cassette._cassette import Cassette

__all__ = ["REPLAY_KEYS", "UseCassette", "keep_patched", "use_cassette", "use_vcr_cassette", "watch"]

P = ParamSpec("P")
R = TypeVar("R")

REPLAY_KEYS = (
    "ALIBABA_API_KEY",
    "ANTHROPIC_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "CEREBRAS_API_KEY",
    "CO_API_KEY",
    "DASHSCOPE_API_KEY",
    "DEEPSEEK_API_KEY",
    "FIREWORKS_API_KEY",
    "GEMINI_API_KEY",
    "GITHUB_API_KEY",
    "GOOGLE_API_KEY",
    "GROK_API_KEY",
    "GROQ_API_KEY",
    "HEROKU_INFERENCE_KEY",
    "HF_TOKEN",
    "MISTRAL_API_KEY",
    "MOONSHOTAI_API_KEY",
    "NEBIUS_API_KEY",
    "OLLAMA_API_KEY",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "OVHCLOUD_API_KEY",
    "SAMBANOVA_API_KEY",
    "TOGETHER_API_KEY",
    "VERCEL_AI_GATEWAY_API_KEY",
    "XAI_API_KEY",
    "ZAI_API_KEY",
)
"""Variables that SDKs insist on when a client is made, though nothing is sent."""


def use_cassette(path: str | os.PathLike[str] | None = None, record_mode: str = "none", **options: Any) -> UseCassette:
    """Records to, or replays from, the cassette at `path`, for a `with` or `async with` block or a decorated function.

        with playhead.use_cassette("cassettes/haiku.yaml") as cassette:
            answer = agent.run_sync("Write a haiku.")

    In the default mode `none` nothing ever touches the network, and no API key is needed: a request that no recording
    fits raises `UnmatchedRequest`, which says why. See `Options` for everything else that can be said; VCR.py's options
    have VCR.py's names. As a decorator, `path` may be left out: `cassettes/<module>/<function>.yaml` beside the module.

    Raises `CassetteUnreadable` or `CassetteVersionError` for a file that is not a whole, safe cassette; `TypeError` for an
    unknown option, naming the nearest one; `CassetteError` on leaving, when the file cannot be saved.
    """
    made = make_options({"record_mode": record_mode, **options})
    if path is not None and callable(path):  # VCR.py's bare decorator: @use_cassette without parentheses
        return cast(UseCassette, UseCassette(None, made)(path))
    return UseCassette(None if path is None else os.fspath(path), made)


def use_vcr_cassette(
    owner: vcr.VCR | None, path: str, *, more: Sequence[str] = (), options: dict[str, Any] | None = None, **given: Any
) -> UseCassette:
    """The same by VCR.py's rules: `owner` is a `vcr.VCR` (None: one without settings), `given` what its `use_cassette` takes.

    Matchers, filters, hooks, serializer and persister are what `owner` and `given` say, defaults are VCR.py's, a request
    that nothing fits raises VCR.py's `CannotOverwriteExistingCassetteException`. `more` are further files to replay from;
    `options` are Playhead's own (`timing`, `rechunk`, `record_command`, ...).
    """
    mode: Any = given.pop("record_mode", None) or (owner.record_mode if owner is not None else "once")
    made = make_options({"replay_keys": (), **(options or {}), "record_mode": mode})
    return UseCassette(path, made, owner=owner, given=given, more=more, vcr_rules=True)


class UseCassette:
    """A cassette that is to be opened: a context manager (sync and async) and a decorator."""

    def __init__(
        self,
        path: str | None,
        options: Options,
        *,
        owner: vcr.VCR | None = None,
        given: dict[str, Any] | None = None,
        more: Sequence[str] = (),
        vcr_rules: bool = False,
        told: Callable[[], tuple[str, str]] | None = None,
    ) -> None:
        self._path = path
        self._options = options
        self._owner = owner
        self._given = given or {}
        self._more = more
        self._vcr_rules = vcr_rules or owner is not None
        self._told = told
        self._cassette: Cassette | None = None
        self._opened: Any = None
        self._stack: ExitStack | None = None
        self._code: object = None

    @property
    def path(self) -> str | None:
        """Where the cassette is, if that does not depend on a function."""
        return self._path

    def at(
        self, path: str, *, told: Callable[[], tuple[str, str]] | None = None, more: Sequence[str] = ()
    ) -> UseCassette:
        """The same for another file: options are looked through once for many tests.

        `told` gives the options `label` and `record_command`, if an error needs them; `more` are further files to replay.
        """
        return UseCassette(
            path,
            self._options,
            owner=self._owner,
            given=self._given,
            more=more,
            vcr_rules=self._vcr_rules,
            told=told,
        )

    def __enter__(self) -> Cassette:
        cassette = self._load()
        self._begin(cassette, sys._getframe(1))
        return cassette

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _machine().terminations:
            cassette = self._end()
            self._save(cassette, error)
        self._check(cassette, error)

    def on_behalf_of(self, function: object) -> None:
        """Says for whom an open cassette was opened, when that is not the caller: errors that `function` itself catches
        (a test with `pytest.raises`) are its own affair, and not raised again on leaving."""
        self._code = getattr(function, "__code__", None)

    async def __aenter__(self) -> Cassette:
        frame = sys._getframe(1)
        # Files are not touched on an event loop.
        cassette = await _in_thread(self._load)
        self._begin(cassette, frame)
        return cassette

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _machine().terminations:
            cassette = self._end()
            await _in_thread(functools.partial(self._save, cassette, error))
        self._check(cassette, error)

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...

    @overload
    def __call__(self, function: Any, /) -> Any: ...

    def __call__(self, function: Any, /) -> Any:
        """Decorates a function, a coroutine function or a generator function: each call opens the cassette anew."""

        def again() -> UseCassette:
            path = self._path if self._path is not None else path_for(function, self._options)
            return self.at(path, told=self._told, more=self._more)

        return decorated(function, again, injects=self._options.inject_cassette)

    # -- opening

    def _load(self) -> Cassette:
        if self._cassette is not None:
            raise RuntimeError("this cassette is open already; call use_cassette(...) again for another one")
        if not self._path:
            raise TypeError("use_cassette() needs a path; only a decorator can name the file after its function")
        machine = _machine()
        cassette = machine.make(self._path, self._options, self._owner, self._given, self._vcr_rules)
        cassette.told = self._told
        cassette.open(self._more)
        self._cassette = cassette
        return cassette

    def _begin(self, cassette: Cassette, frame: FrameType) -> None:
        self._code = frame.f_code
        machine = _machine()
        patches: Any = cassette.custom_patches  # type: ignore[reportUnknownMemberType]  # VCR.py has no types
        if patches:
            self._stack = ExitStack()
            self._stack.enter_context(machine.custom_patches(tuple(cast("list[Any]", patches))))
        self._opened = machine.open(cassette)

    def _end(self) -> Cassette:
        cassette, opened = self._cassette, self._opened
        if cassette is None or opened is None:
            raise RuntimeError("this cassette is not open")
        self._cassette = self._opened = None
        _machine().close(cassette, opened)
        if self._stack is not None:
            self._stack.close()
            self._stack = None
        return cassette

    def _save(self, cassette: Cassette, error: BaseException | None) -> None:
        from playhead.exceptions import CassetteError

        try:
            cassette.save(failed=error is not None)
        except CassetteError as problem:
            if error is None:
                raise
            error.add_note(str(problem))  # the run's own error comes first, but nobody may believe that it was saved
        finally:
            for watcher in list(_watchers):
                watcher(cassette)
            cassette.drop_index()

    def _check(self, cassette: Cassette, error: BaseException | None) -> None:
        if error is not None:
            return
        hidden = cassette.swallowed(self._code)
        if hidden is not None:
            raise hidden
        cassette.check()


# -- what is shared by all cassettes ----------------------------------------------------------------------------------


_NONE = (False, False)


class _Machine:
    """Patches and keys, put in place when the first cassette opens and taken away when the last one closes.

    Made when the first cassette opens, because VCR.py takes a tenth of a second to import.
    """

    def __init__(self) -> None:
        from playhead.cassette import _stubs, _transport, _vcr
        from playhead.cassette._cassette import Cassette

        self._vcr = _vcr
        self._cassette_class = Cassette
        self._tapes = _transport.TAPES
        self._patches = _transport.httpx_patches()
        self._stubs = _stubs.Stubs()
        self.custom_patches = _stubs.custom_patches
        self._plain_owner = _vcr.plain_vcr()
        self._plain_config = _vcr.config_for(self._plain_owner, "", {})
        self._lock = threading.RLock()
        self._keys = PlaceholderKeys()
        watch_processes(self._tapes.all, self._forked)
        self.terminations = Terminations(self._tapes.all)
        self._kept = 0

    def _forked(self) -> None:
        self._lock = threading.RLock()  # a thread that is not here may have held it
        self._tapes.forked()

    def make(self, path: str, options: Options, owner: vcr.VCR | None, given: dict[str, Any], rules: bool) -> Cassette:
        if owner is None:
            owner, given = self._plain_owner, {**self._vcr.vcr_arguments(options), **given}
            if not given:  # nothing for VCR.py to say: its configuration is the same each time
                return self._cassette_class(options, {**self._plain_config, "path": path}, vcr_rules=rules, hooks=_NONE)
        config = self._vcr.config_for(owner, path, given)
        if rules:
            options = self._vcr.with_owners_matchers(options, owner, given, config)
        hooks = (
            not self._vcr.is_pristine(owner, given, "request"),
            not self._vcr.is_pristine(owner, given, "response"),
        )
        cassette = self._cassette_class(options, config, vcr_rules=rules, hooks=hooks)
        cassette.replacements = self._vcr.replacements(owner, given)
        return cassette

    def open(self, cassette: Cassette) -> Any:
        with self._lock:
            if not len(self._tapes):
                for patch in self._patches:
                    patch.put()
                self._stubs.put()
            wanted = cassette.options.replay_keys
            names = () if cassette.records else REPLAY_KEYS if wanted is None else wanted
            if cassette.records:
                self.terminations.put()
            return self._tapes.push(cassette), self._keys.put(names)

    def close(self, cassette: Cassette, opened: Any) -> None:
        token, keys = opened
        with self._lock:
            self._tapes.pop(token)
            self._keys.take_away(keys)
            if not any(other.records for other in self._tapes.all()):
                self.terminations.take_away()
            if not len(self._tapes):
                self._stubs.empty_pools()
                if not self._kept:
                    self._clear()

    def keep(self) -> None:
        with self._lock:
            self._kept += 1

    def let_go(self) -> None:
        with self._lock:
            self._kept -= 1
            if not len(self._tapes) and not self._kept:
                self._clear()

    def _clear(self) -> None:
        for patch in self._patches:
            patch.take_away()
        self._stubs.take_away()
        self._keys.withdraw()


_made: _Machine | None = None
_making = threading.Lock()


def _machine() -> _Machine:
    global _made
    if _made is None:
        with _making:
            if _made is None:
                _made = _Machine()
    return _made


_watchers: list[Callable[[Cassette], None]] = []


def watch(watcher: Callable[[Cassette], None]) -> Callable[[], None]:
    """Calls `watcher` with each cassette that is closed and saved; the result ends that. For summaries and plugins."""
    _watchers.append(watcher)

    def stop() -> None:
        if watcher in _watchers:
            _watchers.remove(watcher)

    return stop


def keep_patched() -> Callable[[], None]:
    """Lets what is put in place of other people's attributes stay there when the last cassette closes; the result ends that.

    For suites: putting it there and taking it away costs more than a small cassette does. Without an open cassette all
    of it passes requests on. Placeholders for keys are not part of it: they go with their cassette.
    """
    machine = _machine()
    machine.keep()
    ended = False

    def end() -> None:
        nonlocal ended
        if not ended:
            ended = True
            machine.let_go()

    return end


async def _in_thread(function: Callable[[], R]) -> R:
    import anyio.to_thread

    return await anyio.to_thread.run_sync(function)
