"""An open cassette: plays what is on it (`_player.py`), takes new recordings, and writes what is new when it closes."""

# VCR.py has no types, and some of what this page needs of it is private.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportPrivateUsage=false

from __future__ import annotations

import copy
import os
import threading
from typing import Any

from vcr.cassette import Cassette as VcrCassette

from playhead.cassette import _vcr
from playhead.cassette._develop import develop
from playhead.cassette._match import DEFAULT_MATCH_ON, Sent
from playhead.cassette._options import Options
from playhead.cassette._player import Player
from playhead.cassette._recording import Taking
from playhead.cassette._store import save_file, write_file
from playhead.cassette._tape import Interaction, RecordedRequest
from playhead.exceptions import CassetteError

__all__ = ["Cassette"]


class Cassette(Player):
    """A cassette that is open. Made by `use_cassette`, never directly.

    Names are VCR.py's where VCR.py has them: `requests`, `responses`, `play_count`, `play_counts`, `all_played`,
    `len()`, `record_mode`, `path`, `rewind()`. Ours: `interactions`, `unplayed`, `recorded`, `mismatches`,
    `differences`, `masked`.
    """

    def __init__(self, options: Options, config: dict[str, Any], *, vcr_rules: bool, hooks: tuple[bool, bool]) -> None:
        super().__init__(options, config, vcr_rules=vcr_rules, hooks=hooks)
        self.differences: list[str] = []
        """What the mode `verify` found."""
        self._before_save_interaction = getattr(self, "_before_save_interaction", [])  # VCR.py has them since 9.0
        self._takings: list[Taking] = []

    @property
    def masked(self) -> dict[str, int]:
        """How many secrets were masked in what was recorded, by rule."""
        self._develop()
        return {} if self._scrubber is None else self._scrubber.report

    # -- recording -------------------------------------------------------------------------------------------------

    def take(self, sent: Sent) -> Taking:
        """Begins a recording; it is kept when it ends."""
        with self._lock:
            number = self._numbers
            self._numbers += 1
            if self._environment is None:
                self._environment = dict(os.environ)  # while the keys are in it; looked through when the stream is over
            taking = Taking(sent, number, self._keep)
            self._takings.append(taking)
        return taking

    def _keep(self, taking: Taking) -> None:
        self.dirty = True
        if self._filters_responses or self.allow_playback_repeats:
            self._develop()  # hooks expect to be called when a response is there

    def flush(self) -> None:
        """Ends what is still in flight: the cassette closes before the stream does."""
        for taking in list(self._takings):
            if taking.end is None and taking.status is not None:
                taking.finish("closed_by_client")
        self._develop()

    def _develop(self) -> None:
        """Turns what was taken into interactions."""
        if not self._takings:
            return
        with self._lock:
            ready = [taking for taking in self._takings if taking.end is not None]
            if not ready:
                return
            self._takings = [taking for taking in self._takings if taking.end is None]
            for taking in sorted(ready, key=lambda taking: taking.number):
                if taking.interrupted:
                    continue
                self._admit(self._developed(taking), taking.number)

    def _developed(self, taking: Taking) -> Interaction | None:
        sent: Sent = taking.sent
        response = develop(taking)
        request = RecordedRequest(sent.method, sent.uri, _vcr.headers_of(sent.headers), sent.body)
        if self._filters_responses:
            changed = self._before_record_response(copy.deepcopy(_vcr.to_vcr_response(response)))
            if changed is None:
                return None
            response = _vcr.from_vcr(_vcr.to_vcr_request(request), changed, response).response
        return Interaction(request, response)

    def append(self, request: Any, response: dict[str, Any]) -> None:
        """VCR.py's way to hand over a pair: its stubs for other clients, and its loading, come through here."""
        request = self._before_record_request(request)
        if not request:
            return
        self._develop()  # what ended before comes first
        interaction = self._from_stub(request, copy.deepcopy(response))
        if interaction is not None:
            with self._lock:
                number = self._numbers
                self._numbers += 1
                self._admit(interaction, number)

    def append_failure(self, request: Any, error: Exception) -> None:
        """The same for a request that came to nothing. By VCR.py's rules it is not recorded."""
        request = None if self.vcr_rules else self._before_record_request(request)
        if not request:
            return
        self._develop()
        taking = Taking(_vcr.sent_from_vcr(request), -1, _ignore)
        taking.finish("failed", error)
        interaction = self._developed(taking)
        if interaction is not None:
            with self._lock:
                number = self._numbers
                self._numbers += 1
                self._admit(interaction, number)

    def _from_stub(self, request: Any, response: dict[str, Any]) -> Interaction | None:
        plain = _vcr.from_vcr(request, response)
        taking = Taking(_vcr.sent_from_vcr(request), -1, _ignore)
        taking.status, taking.reason = plain.response.status, plain.response.reason
        taking.headers, taking.whole_body = plain.response.headers, True
        if plain.response.body:
            taking.chunks, taking.at = [plain.response.body], [taking.started]
        taking.end = "complete"
        return self._developed(taking)

    def _admit(self, interaction: Interaction | None, number: int) -> None:
        if interaction is None:
            return
        if self.record_mode == "verify":
            self._verify(interaction)
            return
        interaction = self._scrub().scrub_interaction(interaction)
        position = len(self._items)
        self._items.append(interaction)
        self._order.append(number)
        self.dirty = True
        self.recorded.append(interaction)
        if self.allow_playback_repeats:
            self._finder.add(position)

    def _verify(self, live: Interaction) -> None:
        sent = Sent(live.request.method, live.request.uri, live.request.headers, live.request.body)
        number = self._find(sent)
        live = self._scrub().scrub_interaction(live)
        shown = f"{live.request.method} {live.request.uri}"
        if number is None:
            self.differences.append(f"{shown}: no recording fits this request")
            return
        self._count(number)
        compare = self.options.compare
        if compare is None:
            from playhead.cassette._verify import compare_shape as compare
        difference = compare(self._items[number], live, self.options.verify)
        if difference:
            self.differences.append(f"interaction {number + 1} ({shown}): {difference}")

    def leave_to_original(self) -> None:
        """This process is a copy (fork): what was recorded so far, and what is in flight, the original saves."""
        self._lock = threading.RLock()
        self._takings, self.recorded = [], []

    # -- closing ---------------------------------------------------------------------------------------------------

    def save(self, *, failed: bool = False) -> None:
        """Writes what is new. After a failed run nothing old is replaced."""
        self.flush()
        if self.record_mode == "verify" or (failed and not self.options.record_on_exception):
            return
        if failed and self.existed and self.record_mode in ("all", "rewrite"):
            return
        if not self._own_files:
            if self.record_mode == "rewrite" and self.recorded:
                self._items, self._pairs, self._loaded_count = list(self.recorded), {}, 0
                self._order = list(range(len(self._items)))
            VcrCassette._save(self)
            return
        added = self._in_order(self.recorded) if self.recorded else []
        dropped = self._replaced(added)
        if added and self._scrubber is not None and self._scrubber.unopened:
            import warnings

            codings = ", ".join(self._scrubber.unopened)
            warnings.warn(
                f"{self.path} holds bodies in a content-encoding that cannot be undone here ({codings}): nobody looked for "
                "secrets in them. Install its package (brotli, zstandard), or have the client not send or ask for it.",
                stacklevel=2,
            )
        if added or dropped:
            save_file(
                self.place,
                self._loaded,
                match_on=self._header_names,
                dropped=dropped,
                added=added,
                lay_out=not self._custom_matchers and "raw_body" not in self.match_on,
            )
        self.dirty = False

    def _save(self, force: bool = False) -> None:
        """VCR.py's name for `save`. With `force`, a file of ours is written again although nothing is new."""
        self.save()
        if force and self._own_files and self._loaded is not None and not self.is_foreign and not self.recorded:
            file = self._loaded.file
            write_file(self.path, file.interactions, match_on=file.match_on or DEFAULT_MATCH_ON)

    def _in_order(self, recorded: list[Interaction]) -> list[Interaction]:
        places = {id(item): number for item, number in zip(self._items, self._order, strict=True)}
        ordered = sorted(recorded, key=lambda item: places[id(item)])
        if not self._before_save_interaction:
            return ordered
        from vcr.cassette import _run_hooks

        saved: list[Interaction] = []
        for item in ordered:
            pair = _vcr.to_vcr_request(item.request), _vcr.to_vcr_response(item.response)
            changed = _run_hooks(self._before_save_interaction, *pair, self)
            if changed is not None:
                saved.append(_vcr.from_vcr(*changed, item.response))
        return saved

    def _replaced(self, added: list[Interaction]) -> list[Interaction]:
        """Which interactions of the file give way to the new ones."""
        old = self._loaded.file.interactions if self._loaded is not None else []
        if self.record_mode == "rewrite" or (self.record_mode == "all" and self.drop_unused_requests):
            return list(old) if added else []
        if self.record_mode == "all":
            return [item for item in old if any(self._is_same_request(item, new) for new in added)]
        if self.drop_unused_requests and len(self._items) - len(self.recorded) == len(old):
            return [item for number, item in enumerate(old) if not self.play_counts[number]]
        return []

    def _is_same_request(self, one: Interaction, other: Interaction) -> bool:
        if self._custom_matchers:
            pair = _vcr.to_vcr_request(one.request), _vcr.to_vcr_request(other.request)
            return bool(_vcr.requests_match(*pair, self._match_on))
        return self._keys.key(one.request) == self._keys.key(other.request)

    def check(self) -> None:
        """After a run that passed: what `verify` found, and what was not played. Raises `CassetteError`s."""
        if self.differences:
            listed = "\n".join(f"- {difference}" for difference in self.differences)
            raise CassetteError(
                f"{self.path}: the provider answers differently now.\n{listed}",
                f"If that is fine, record again: {self.record_command}"
                if self.record_command
                else "If that is fine, record again with record_mode='rewrite'.",
                path=self.path,
            )
        super().check()


def _ignore(taking: Taking) -> None:
    pass
