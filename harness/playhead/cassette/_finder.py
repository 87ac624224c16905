"""Looks for the recording of a request: by key, then without secrets, then with identifiers made anew.

Three indexes over the same interactions, each made when it is first needed. The cassette hands in what only it knows:
its interactions, which of them were played, and requests without their secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from playhead.cassette._body import NOT_JSON, json_value
from playhead.cassette._match import IdMap, Index, Key, KeyMaker, Sent, blind_key, has_ids
from playhead.cassette._tape import Interaction, RecordedRequest

__all__ = ["Finder"]


class Finder:
    """Finds the place of an interaction on a tape. Not thread-safe: the caller holds a lock."""

    def __init__(
        self,
        items: Callable[[], list[Interaction]],
        keys: KeyMaker,
        *,
        is_played: Callable[[int], bool],
        comparable: Callable[[Sent | RecordedRequest], RecordedRequest],
        played: Callable[[], Iterable[int]],
    ) -> None:
        self.keys = keys
        self._items = items
        self._is_played = is_played
        self._comparable = comparable
        self._played = played
        self._plain: Index | None = None
        self._masked: Index | None = None
        self._blind: Index | None = None
        self._ids = IdMap()

    def first(self, key: Key) -> int | None:
        """The first place under a key that was not played."""
        return self._index().first(key, self._is_played)

    def last(self, key: Key) -> int | None:
        """The last place under a key, played or not."""
        return self._index().last(key)

    def all(self, key: Key) -> Iterable[int]:
        """Every place under a key."""
        return self._index().positions.get(key, ())

    def add(self, number: int) -> None:
        """Takes a new interaction in, if the index is made already."""
        if self._plain is not None:
            self._plain.add(self.keys.key(self._items()[number].request), number)

    def forget(self) -> None:
        """Makes everything findable again."""
        self._plain = self._masked = self._blind = None

    def look_again(self, sent: Sent, *, ids: bool) -> int | None:
        """The place of a recording that differs in nothing but secrets, or, with `ids`, in identifiers made anew."""
        if self._masked is None:
            self._masked = Index()
            for number, item in enumerate(self._items()):
                self._masked.add(self.keys.key(self._comparable(item.request)), number)
        comparable = self._comparable(sent)
        number = self._masked.first(self.keys.key(comparable), self._is_played)
        return self._with_other_ids(comparable) if number is None and ids else number

    def _index(self) -> Index:
        if self._plain is None:
            self._plain = Index()
            for number, item in enumerate(self._items()):
                self._plain.add(self.keys.key(item.request), number)
        return self._plain

    def _with_other_ids(self, sent: RecordedRequest) -> int | None:
        value = self._json(sent.body)
        if value is NOT_JSON or not has_ids(value):
            return None
        if self._blind is None:
            self._blind = Index()
            for number, item in enumerate(self._items()):
                request = self._comparable(item.request)
                body = self._json(request.body)
                if body is not NOT_JSON:
                    self._blind.add(self._blind_key(request, body), number)
        for number in self._blind.positions.get(self._blind_key(sent, value), ()):
            if self._is_played(number):
                continue
            recorded = self._json(self._comparable(self._items()[number].request).body)
            differences = self._ids.differences(value, recorded)
            if differences is None:
                continue
            pairs = self._ids.accepts(differences, replayed=self._was_replayed, recorded=self._was_recorded)
            if pairs is not None:
                self._ids.learn(pairs)
                return number
        return None

    def _json(self, body: bytes | None) -> Any:
        value = json_value(body)
        return value if value is NOT_JSON else self.keys.ignored.removed(value)

    def _blind_key(self, request: RecordedRequest, body: Any) -> Key:
        return (*(part for name, part in self.keys.parts(request).items() if name != "body"), blind_key(body))

    def _was_replayed(self, text: str) -> bool:
        needle = text.encode()
        return any(needle in self._items()[number].response.body for number in self._played())

    def _was_recorded(self, text: str) -> bool:
        needle = text.encode()
        return any(needle in item.response.body for item in self._items())
