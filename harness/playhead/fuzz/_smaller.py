"""Makes a failing script smaller than drawing it can: steps that only matter together go together.

Hypothesis shrinks what was drawn, one choice after the other. Two steps that each need the other to fail, such as one
in each of two replies, survive that; here any two are tried at once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from itertools import accumulate, combinations
from typing import Any, cast

from playhead.models import Response, Script

__all__ = ["smallest_failure"]

_TRIES_MAX = 150
_RUNS_DIFFER = (
    "streamed_and_whole_runs_agree",
    "the_same_script_gives_the_same_run",
    "the_order_of_calls_changes_nothing",
)
_CHANCES = 4  # an agent that leaves something to chance may agree with itself by chance


def smallest_failure(script: Script, found: Exception, run: Callable[[Script], None]) -> Exception:
    """The failure of the smallest script that fails like `script`, by leaving out replies, steps, pairs of steps and cuts;
    the last reply stays. `found` itself, which `script` gave, where nothing can be left out."""
    tries, going = 0, True
    while going:
        going = False
        for candidate in _candidates(script):
            if (tries := tries + 1) > _TRIES_MAX:
                return found
            failure = _failure_of(run, candidate, found)
            if failure is not None:
                script, found, going = candidate, failure, True
                break
    return found


def _failure_of(run: Callable[[Script], None], script: Script, like: Exception) -> Exception | None:
    """What `run` raises for a script, if it is of the same kind: the class, and the invariant that is broken."""
    by_chance = getattr(like, "name", None) in _RUNS_DIFFER
    for _ in range(_CHANCES if by_chance else 1):
        try:
            run(script)
        except Exception as error:
            if type(error) is type(like) and _kind_of(error) == _kind_of(like):
                return error
    return None


def _kind_of(error: Exception) -> Any:
    name = getattr(error, "name", None)
    return "runs differ" if name in _RUNS_DIFFER else name


def _candidates(script: Script) -> Generator[Script]:
    responses = list(script.responses)
    for number in range(len(responses) - 1):
        yield Script(responses=[*responses[:number], *responses[number + 1 :]])
    places = [(n, m) for n, response in enumerate(responses) for m in range(len(response.steps))]
    for count in (1, 2):
        for left_out in combinations(places, count):
            if sum(number == len(responses) - 1 for number, _ in left_out) == len(responses[-1].steps):
                continue  # whoever asks on gets the last reply again and again: it has to say something
            yield Script(responses=[_without(response, n, left_out) for n, response in enumerate(responses)])
    for number, place in places:
        step: Any = responses[number].steps[place]
        for inner in getattr(step, "interleave", ()):  # one of those that come at the same time, alone
            steps = [*responses[number].steps[:place], inner, *responses[number].steps[place + 1 :]]
            changed = responses[number].model_copy(update={"steps": steps})
            yield Script(responses=[*responses[:number], changed, *responses[number + 1 :]])
    for number, place in places:
        for step in _in_fewer_pieces(responses[number].steps[place]):
            steps = [*responses[number].steps[:place], step, *responses[number].steps[place + 1 :]]
            changed = responses[number].model_copy(update={"steps": steps})
            yield Script(responses=[*responses[:number], changed, *responses[number + 1 :]])


def _in_fewer_pieces(step: Any) -> Generator[Any]:
    """A step whose text or arguments come in one piece, in two, or in one less; of those that interleave, one of them."""
    for number, inner in enumerate(getattr(step, "interleave", ())):
        for fewer in _in_fewer_pieces(inner):
            yield step.model_copy(
                update={"interleave": [*step.interleave[:number], fewer, *step.interleave[number + 1 :]]}
            )
    for kind, field in (("text", "chunks"), ("thinking", "chunks"), ("call", "args")):
        body: Any = getattr(step, kind, None)
        pieces = getattr(body, field, None)
        found = cast("list[str]", pieces if isinstance(pieces, list) else [])
        if len(found) < 2:
            continue
        whole = "".join(found)
        ways = [[whole]]
        if len(found) > 2:
            ends = list(accumulate(map(len, found)))[:-1]
            ways += [[whole[:end], whole[end:]] for end in ends]
            ways += [[*found[:n], found[n] + found[n + 1], *found[n + 2 :]] for n in range(len(found) - 1)]
        for way in ways:
            yield step.model_copy(update={kind: body.model_copy(update={field: way})})


def _without(response: Response, number: int, left_out: tuple[tuple[int, int], ...]) -> Response:
    steps = [step for place, step in enumerate(response.steps) if (number, place) not in left_out]
    return response if len(steps) == len(response.steps) else response.model_copy(update={"steps": steps})
