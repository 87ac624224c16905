"""The side of a cassette that plays: opens the file, finds the recording that answers a request, counts what is played.

`Player` is all of a cassette that replays; `_cassette.py` adds the side that records. A subclass of VCR.py's `Cassette`,
so that its stubs, its hooks and code written for it work; its pairs are made of our plain values when somebody asks.
"""

# VCR.py has no types, and some of what this page needs of it is private.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportPrivateUsage=false

from __future__ import annotations

import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, cast

from vcr.cassette import Cassette as VcrCassette
from vcr.record_mode import RecordMode

from playhead.cassette import _vcr
from playhead.cassette._explain import explain
from playhead.cassette._finder import Finder
from playhead.cassette._format import VCR_MATCH_ON
from playhead.cassette._known import load_to_replay
from playhead.cassette._match import DEFAULT_MATCH_ON, KEYED, Key, KeyMaker, Sent
from playhead.cassette._options import Options
from playhead.cassette._paths import DEFAULT_IGNORED, JsonPaths, json_paths
from playhead.cassette._playback import INSTANT, Playback
from playhead.cassette._scrub import Rules, Scrubber, environment_secrets
from playhead.cassette._store import Loaded, load_file
from playhead.cassette._stub_errors import answer_for_stub
from playhead.cassette._tape import Interaction, RecordedRequest, RecordedResponse
from playhead.exceptions import CassetteError, UnmatchedRequest, UnplayedError

__all__ = ["Player"]


class Player(VcrCassette):
    """A cassette that is open, and plays. Everything but what records."""

    def __init__(self, options: Options, config: dict[str, Any], *, vcr_rules: bool, hooks: tuple[bool, bool]) -> None:
        mode = options.record_mode
        config["record_mode"] = RecordMode(mode) if mode in _VCR_MODES else RecordMode.ALL
        super().__init__(**config)
        if mode not in _VCR_MODES:
            self.record_mode = mode
        self.options = options
        self.vcr_rules = vcr_rules
        """Whether the rules are VCR.py's: its errors, its order of repeats, its matchers in their strict sense."""
        self.playback = (
            INSTANT
            if options.timing == "instant" and options.rechunk is None
            else Playback(options.timing, options.speed, options.rechunk)
        )
        self.told: Callable[[], tuple[str, str]] | None = None
        """Gives label and command, where the options do not have them: most tests never need them."""
        self.mismatches: list[UnmatchedRequest] = []
        """The errors of requests that nothing fitted, in the order in which they were sent."""
        self.recorded: list[Interaction] = []
        """What was recorded since the cassette was opened, masked, in the order in which it was sent."""
        self.match_on: tuple[str, ...] = ()
        """The names of the matchers in force."""
        self.is_foreign = False
        """Whether the file is of another recorder."""
        self.replacements: tuple[str, ...] = ()
        """What filters put in place of secrets."""
        self.place: str = self.path
        """Where the file is saved, whatever the working directory is by then."""
        self.existed = False
        """Whether there was a file when the cassette was opened."""
        skipped: Iterable[str] = getattr(self, "skip_patchers", ())
        self.skipped = frozenset((*options.skip_patchers, *skipped)) if options.skip_patchers or skipped else _NOTHING
        """Names of clients that pass it by, as VCR.py calls them."""
        self._filters_requests, self._filters_responses = hooks
        self._after_load_interaction = getattr(self, "_after_load_interaction", [])  # VCR.py has them since 9.0
        self._loaded: Loaded | None = None
        self._items: list[Interaction] = []
        self._pairs: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._file_count = self._old_count = 0
        self._lock = threading.RLock()
        self._numbers = 0
        self._order: list[int] = []  # of each of `_items`: the place of its request among those that were sent
        self._scrubber: Scrubber | None = None
        self._environment: dict[str, str] | None = None
        self._keys = _NO_KEYS
        self._made_finder: Finder | None = None
        self._custom_matchers: list[Callable[[Any, Any], Any]] = []
        self._own_files = (
            config["persister"] is _vcr.FilesystemPersister and config["serializer"] is _vcr.yamlserializer
        )

    # -- what users look at ----------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """The path of the file."""
        return cast(str, self._path)

    @property
    def interactions(self) -> list[Interaction]:
        """Everything on the tape: what was loaded, then what was recorded, in the order in which it was sent."""
        self._develop()
        if not self.recorded:
            return list(self._items)
        pairs = sorted(zip(self._order, range(len(self._items)), strict=True))
        return [self._items[number] for _, number in pairs]

    @property
    def unplayed(self) -> list[Interaction]:
        """What the file held and nothing asked for."""
        return [item for number, item in enumerate(self._items[: self._file_count]) if not self.play_counts[number]]

    def was_played(self, number: int) -> bool:
        """Whether the interaction at this place was played."""
        return self.play_counts[number] > 0

    @property
    def requests(self) -> list[Any]:
        """The recorded requests, as VCR.py's objects."""
        return [request for request, _ in self.data]

    @property
    def responses(self) -> list[dict[str, Any]]:
        """The recorded responses, as VCR.py's dictionaries."""
        return [response for _, response in self.data]

    @property
    def data(self) -> list[tuple[Any, dict[str, Any]]]:
        """VCR.py's pairs of request and response."""
        self._develop()
        return [self._pair(number) for number in range(len(self._items))]

    @data.setter
    def data(self, pairs: Iterable[tuple[Any, dict[str, Any]]]) -> None:
        self._items = [_vcr.from_vcr(request, response) for request, response in pairs]
        self._pairs = {}

    def __len__(self) -> int:
        self._develop()
        return len(self._items)

    def __str__(self) -> str:
        return f"<Cassette {self.path} with {len(self)} interactions, {self.play_count} played>"

    __repr__ = __str__

    @property
    def label(self) -> str | None:
        """Whose cassette it is, as errors say it."""
        return self.options.label or (self.told()[0] if self.told is not None else None)

    @property
    def record_command(self) -> str | None:
        """How to record again, as errors say it."""
        return self.options.record_command or (self.told()[1] if self.told is not None else None)

    @property
    def records(self) -> bool:
        """Whether a request that nothing fits is sent."""
        return not self.write_protected

    def swallowed(self, code: object = None) -> UnmatchedRequest | None:
        """The first mismatch that somebody else than the function with this code object caught.

        A test that expects the error catches it itself (`pytest.raises`); code under test, an SDK, or a task that
        nobody awaits hides it.
        """
        for error in self.mismatches:
            trace = error.__traceback__
            if trace is None or trace.tb_frame.f_code is not code:
                return error
        return None

    # -- opening ---------------------------------------------------------------------------------------------------

    def open(self, more: Sequence[str] = ()) -> None:
        """Reads the file, and read-only the files in `more`. Raises `CassetteUnreadable`, `CassetteVersionError`."""
        if not os.path.isabs(self.path):
            self.place = os.path.join(os.getcwd(), self.path)  # tests change the working directory
        if not self._own_files:
            self._load_by_persister()
        else:
            replays = self.record_mode is RecordMode.NONE
            self._loaded = load_to_replay(self.path) if replays else load_file(self.path)
            if self._loaded is not None:
                self.existed = self.rewound = True
                self._metadata = self._loaded.file.metadata
                self._take_in(self._loaded.file.interactions)
        self._choose_matchers()
        self._file_count = self._loaded_count = len(self._items)
        for path in more:
            self._take_in(self._read(path))
        self._numbers = self._old_count = len(self._items)
        self._order = list(range(len(self._items)))

    def _read(self, path: str) -> list[Interaction]:
        """A further file, by the serializer of the first."""
        if self._own_files:
            loaded = load_to_replay(path)  # further files are never written to
            found = None if loaded is None else loaded.file.interactions
        else:
            read = _vcr.load_by(_vcr.FilesystemPersister, path, self._serializer)
            found = None if read is None else read[0]
        if found is None:
            return []
        self.rewound = True
        return found

    def _load_by_persister(self) -> None:
        """A suite that registered its own persister or serializer keeps its own kind of file."""
        read = _vcr.load_by(self._persister, self.path, self._serializer)
        if read is None:
            return
        self.existed = self.rewound = True
        interactions, self._metadata = read
        self._take_in(interactions)
        self._old_interactions = [self._pair(number) for number in range(len(self._items))]

    def _take_in(self, interactions: list[Interaction]) -> None:
        hooked = self._filters_requests or self._filters_responses or self._after_load_interaction
        if not hooked:
            self._items += interactions
            return
        for interaction in interactions:
            pair = self._hooked(*_vcr.as_loaded(interaction))
            if pair is not None:
                self._items.append(_vcr.from_vcr(*pair, interaction.response))

    def _hooked(self, request: Any, response: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        """What VCR.py does to a pair that it loads."""
        if self._after_load_interaction:
            from vcr.cassette import _run_hooks

            changed = _run_hooks(self._after_load_interaction, request, response, self)
            if changed is None:
                return None
            request, response = changed
        if self._filters_requests:
            request = self._before_record_request(request)
            if not request:
                return None
        if self._filters_responses:
            response = self._before_record_response(response)
            if response is None:
                return None
        return request, response

    def _choose_matchers(self) -> None:
        file = self._loaded.file if self._loaded is not None else None
        self.is_foreign = file is not None and file.dialect != "playhead"
        chosen = self.options.match_on
        if chosen is None:
            if file is not None:
                chosen = VCR_MATCH_ON if file.match_on is None else file.match_on or DEFAULT_MATCH_ON
            else:
                chosen = VCR_MATCH_ON if self.vcr_rules else DEFAULT_MATCH_ON
        chosen = (*chosen, *self.options.additional_matchers)
        functions: list[Callable[[Any, Any], Any]] = [matcher for matcher in chosen if callable(matcher)]
        names = tuple([name for name in chosen if not callable(name)]) if functions else chosen
        for name in names:
            if name not in KEYED:
                raise CassetteError(
                    f"{self.path}: no matcher is called {name!r}.",
                    f"Choose from {', '.join(sorted(KEYED))}, or pass a function of two requests in match_on.",
                    path=self.path,
                )
        ignored = () if self.is_foreign or self.vcr_rules else DEFAULT_IGNORED
        self._keys, by_name = _by_name(names, (*ignored, *self.options.ignore_json_paths))
        self._made_finder = None
        self._custom_matchers = functions
        self._header_names = list(names)
        self.match_on, self._match_on = names, by_name
        if functions:
            self.match_on = (*names, *(getattr(function, "__name__", "custom") for function in functions))
            self._match_on = [*by_name, *functions]

    @property
    def _finder(self) -> Finder:
        finder = self._made_finder
        if finder is None:
            finder = self._made_finder = Finder(
                lambda: self._items,
                self._keys,
                is_played=self._is_played,
                comparable=self.comparable,
                played=lambda: cast("Iterable[int]", self.play_counts),
            )
        return finder

    def drop_index(self) -> None:
        """For a cassette that closes: it and its index refer to each other. The index is made again if somebody asks."""
        self._made_finder = None

    # -- playing ---------------------------------------------------------------------------------------------------

    def answer(self, sent: Sent) -> Interaction | None:
        """The recording to play for a request, or None if it is to be sent. Raises when it is neither."""
        if self._plays:
            with self._lock:
                number = self._find(sent)
                if number is not None:
                    self._count(number)
                    return self._items[number]
        if self.write_protected:
            raise self.mismatch(sent)
        return None

    @property
    def _plays(self) -> bool:
        return self.record_mode not in _LIVE_MODES and (self.rewound or self.allow_playback_repeats)

    def _count(self, number: int) -> None:
        if not self._own_files and not self.play_counts[number] and number < self._file_count:
            self._played_interactions.append(self._pair(number))
        self.play_counts[number] += 1

    def played(self, item: Interaction) -> RecordedResponse:
        """The response to play, after the hook `before_playback`."""
        hook = self.options.before_playback
        if hook is None:
            return item.response
        changed = hook(_vcr.to_vcr_response(item.response))
        return _vcr.from_vcr(_vcr.to_vcr_request(item.request), changed, item.response).response

    def _is_played(self, number: int) -> bool:
        # What was recorded just now is not played: the same request, sent again, goes to the network, too.
        return self.play_counts[number] > 0 or number >= self._old_count

    def _find(self, sent: Sent) -> int | None:
        if self._custom_matchers:
            return self._search(sent, range(len(self._items)))
        finder = self._finder
        key = self._keys.key(sent)
        if self.vcr_rules:
            return self._find_by_vcr(sent, key)
        number = finder.first(key)
        if number is None and self._items:
            number = finder.look_again(sent, ids="body" in self.match_on)
        if number is None and self.allow_playback_repeats:
            number = finder.last(key)
        return number

    def _find_by_vcr(self, sent: Sent, key: Key) -> int | None:
        """VCR.py's choice. Its matcher for bodies looks at headers, so it has the last word on what the index offers."""
        if "body" not in self.match_on and not self.allow_playback_repeats:
            number = self._finder.first(key)
        else:
            number = self._search(sent, self._finder.all(key))
        if number is None:
            number = self._search(sent, range(len(self._items)))
        # What we recorded has masks where VCR.py would have kept the keys.
        return self._finder.look_again(sent, ids=False) if number is None and self._items else number

    def _search(self, sent: Sent, numbers: Iterable[int]) -> int | None:
        """One by one, as VCR.py does: for matchers that only tell whether two requests match."""
        request = _vcr.vcr_request_of(sent)
        for number in numbers:
            free = self.allow_playback_repeats or not self._is_played(number)
            if free and _vcr.requests_match(request, self._pair(number)[0], self._match_on):
                return number
        return None

    def comparable(self, request: Sent | RecordedRequest) -> RecordedRequest:
        """A request with every secret, and every mask, made the same."""
        scrubber = self._scrub()
        headers = request.headers if isinstance(request, RecordedRequest) else _vcr.headers_of(request.headers)
        content_type = request.header("content-type") or ""
        scrubber.learn_request(request.uri, headers)  # a credential that the body repeats is masked there, too
        return RecordedRequest(
            request.method,
            scrubber.comparable_uri(request.uri),
            scrubber.comparable_headers(headers) if "headers" in self.match_on else headers,
            self._comparable_body(request, content_type),
        )

    def _comparable_body(self, request: Sent | RecordedRequest, content_type: str) -> bytes | None:
        body = request.body
        if body is None or (isinstance(request, RecordedRequest) and not _PLACEHOLDERS.search(body)):
            return body  # what was recorded without a mask had no secret: on a long tape that saves seconds
        return self._scrub().comparable_body(body, content_type, coding=request.header("content-encoding") or "")

    def has_recording(self, sent: Sent) -> bool:
        """Whether `answer` would give a recording; nothing is counted."""
        with self._lock:
            return self._plays and self._find(sent) is not None

    def mismatch(self, sent: Sent) -> BaseException:
        """The error for a request that nothing fits; it is remembered."""
        if self.vcr_rules:
            refused: BaseException = _vcr.CannotOverwriteExistingCassetteException(
                cassette=self, failed_request=_vcr.vcr_request_of(sent)
            )
            self._scrub().learn_request(sent.uri, _vcr.headers_of(sent.headers))
            refused.args = (self.mask_text(str(refused)),)  # VCR.py prints addresses and bodies as they are
            return refused
        problem, remedy = explain(self, sent, self._keys, self._scrub())
        error = UnmatchedRequest(problem, remedy, path=self.path)
        self.mismatches.append(error)
        return error

    def mask_text(self, text: str) -> str:
        """A message or a page of output that may be shown: secrets masked, those that this cassette has met included."""
        return self._scrub().mask_text(text)

    def request_of(self, sent: Sent) -> Sent | None:
        """The request after filters and hooks; None if it is ignored and belongs on the network."""
        if not self._filters_requests:
            return sent
        request = self._before_record_request(_vcr.vcr_request_of(sent))
        return _vcr.sent_from_vcr(request) if request else None

    def _scrub(self) -> Scrubber:
        if self._scrubber is None:
            rules = self.options.secrets or Rules()
            if self.replacements:
                rules = replace(rules, allow=(*rules.allow, *self.replacements))
            environment = os.environ if self._environment is None else self._environment
            self._scrubber = Scrubber(rules, learn=environment_secrets(environment))
        return self._scrubber

    def _develop(self) -> None:
        """Turns what was taken into interactions: nothing, on a cassette that only plays."""

    def check(self) -> None:
        """After a run that passed: whether everything was played. Raises `UnplayedError`, or warns, as `on_unplayed` says."""
        left = self.unplayed
        if not left or self.record_mode in _LIVE_MODES or self.is_foreign or self.options.on_unplayed == "ignore":
            return
        lines = self.mask_text("\n".join(f"- {item.request.method} {item.request.uri}" for item in left[:5]))
        more = f"\n- and {len(left) - 5} more" if len(left) > 5 else ""
        error = UnplayedError(
            f"{self.path}: {len(left)} of {self._file_count} recorded interactions were not played.\n{lines}{more}",
            "The code asks for less than when it was recorded. If that is right, record again with record_mode='rewrite', or say on_unplayed='ignore'.",
            path=self.path,
        )
        if self.options.on_unplayed == "fail":
            raise error
        import warnings

        warnings.warn(str(error), stacklevel=3)

    # -- VCR.py's inside -------------------------------------------------------------------------------------------

    def _pair(self, number: int) -> tuple[Any, dict[str, Any]]:
        pair = self._pairs.get(number)
        if pair is None:
            item = self._items[number]
            pair = self._pairs[number] = (_vcr.to_vcr_request(item.request), _vcr.to_vcr_response(item.response))
        return pair

    def can_play_response_for(self, request: Any) -> bool:
        """Whether a recording is left for a request (VCR.py's name; nothing is counted yet)."""
        sent = self.request_of(_vcr.sent_from_vcr(request))
        return sent is not None and self.has_recording(sent)

    def play_response(self, request: Any, *, by_aiohttp: bool = False) -> dict[str, Any]:
        """The response for a request, as VCR.py's dictionary; counts as played. Raises a recorded error."""
        sent = self.request_of(_vcr.sent_from_vcr(request))
        if sent is not None:
            with self._lock:
                number = self._find(sent)
                if number is not None:
                    self._count(number)
                    return answer_for_stub(self.played(self._items[number]), aiohttp=by_aiohttp)
        raise self.mismatch(sent or _vcr.sent_from_vcr(request))

    def _responses(self, request: Any) -> Generator[tuple[int, dict[str, Any]]]:
        sent = self.request_of(_vcr.sent_from_vcr(request))
        if sent is None:
            return
        for number in range(len(self._items)):
            if _vcr.requests_match(_vcr.vcr_request_of(sent), self._pair(number)[0], self._match_on):
                yield number, self._pair(number)[1]

    def rewind(self) -> None:
        """Makes everything playable again."""
        with self._lock:
            self.play_counts = Counter()
            if self._made_finder is not None:
                self._made_finder.forget()


@cache
def _by_name(names: tuple[str, ...], ignored: tuple[str, ...]) -> tuple[KeyMaker, list[Callable[[Any, Any], None]]]:
    """What matchers are made of; most cassettes have the same."""
    return KeyMaker(names, json_paths(ignored)), [_vcr.named_matcher(name) for name in names]


_PLACEHOLDERS = re.compile(
    rb"(?i)scrubbed|redacted|filtered|dummy|placeholder|masked|removed|sanitized|omitted|\*\*\*|x{6}|<[a-z_ -]+>"
)
_VCR_MODES = frozenset(("none", "once", "new_episodes", "all"))
_LIVE_MODES = frozenset(("all", "rewrite", "verify"))
_NO_KEYS = KeyMaker((), JsonPaths())
_NOTHING: frozenset[str] = frozenset()
