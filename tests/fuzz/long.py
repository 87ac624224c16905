"""Sound consumers, our own decoders and the official SDKs' parsers, over drawn bodies: none may raise an alarm.

    python -m tests.fuzz.long [--examples 100000] [--seed N]

An example is one cutting of one body, read by one consumer. The date and the seed come first, so that a run can be
repeated; Ctrl-C ends it with what was done so far. The exit status is 1 after the first alarm, which is shown.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from playhead import fuzz
from playhead.wire import DIALECTS
from tests.fuzz.museum.sound import SOUND


def decoder_of(dialect: str) -> Callable[[Iterable[bytes]], Any]:
    """Our decoder, as a consumer: its events."""

    def decode(chunks: Iterable[bytes]) -> Any:
        machine = DIALECTS[dialect].decoder(streamed=True)
        return [event for chunk in chunks for event in machine.feed(chunk)] + machine.close()

    decode.__name__ = f"decoder of {dialect}"
    return decode


def openai_sdk(chunks: Iterable[bytes]) -> Any:
    """The parser of frames in openai's SDK."""
    from openai._streaming import SSEDecoder

    return [(event.event, event.data) for event in SSEDecoder().iter_bytes(iter(chunks))]


def anthropic_sdk(chunks: Iterable[bytes]) -> Any:
    """The parser of frames in anthropic's SDK."""
    from anthropic._streaming import SSEDecoder

    return [(event.event, event.data) for event in SSEDecoder().iter_bytes(iter(chunks))]


class Counting:
    """Counts how often a consumer was asked."""

    def __init__(self, consumer: Callable[[Any], Any], counts: Counter[str]) -> None:
        self._consumer = consumer
        self._counts = counts
        self.name = consumer.__name__

    def __call__(self, chunks: Any) -> Any:
        self._counts[self.name] += 1
        return self._consumer(chunks)


def rounds(total: int, seed: int) -> Iterator[Counter[str]]:
    """Check drawn bodies, one after the other, until `total` examples are done."""
    counts: Counter[str] = Counter()
    number = 0
    while counts.total() < total:
        dialect = sorted(DIALECTS)[(seed + number) % len(DIALECTS)]
        consumers = [*SOUND, decoder_of(dialect), openai_sdk, anthropic_sdk]

        _read(dialect, consumers, counts, seed + number)
        number += 1
        yield counts


def _read(dialect: str, consumers: list[Any], counts: Counter[str], seed: int) -> None:
    @seeded(seed)
    @settings(
        max_examples=3,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(fuzz.wire(dialect))
    def read(reply: fuzz.WireReply) -> None:
        if len(reply.body) > 3_000:
            return
        for consumer in consumers:
            # The SDKs are promised chunks with something in them.
            empty = consumer not in (openai_sdk, anthropic_sdk)
            fuzz.assert_split_invariant(
                Counting(consumer, counts), reply.body, max_examples=20, seed=seed, empty_pieces=empty
            )

    read()


def main() -> int:
    """Run, and say what was done."""
    parser = argparse.ArgumentParser(description="Fuzzes sound consumers.")
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    args = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, seed {args.seed}, {args.examples:,} examples", flush=True)
    began, counts = time.monotonic(), Counter[str]()
    try:
        for counts in rounds(args.examples, args.seed):
            print(f"\r{counts.total():,} examples", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
    except Exception as error:
        print(f"\nalarm: {error}\n" + "\n".join(getattr(error, "__notes__", ())))
        return 1
    seconds = time.monotonic() - began
    print(f"\n{counts.total():,} examples in {seconds:.0f} s, no alarm")
    for name, count in sorted(counts.items()):
        print(f"  {count:>9,}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
