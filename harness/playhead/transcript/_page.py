"""One self-contained page of entries: no network, no mouse needed, light and dark. The script only filters and moves."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from playhead.transcript._page_data import PageEntry, PageMark, PageRequest, PageRun

__all__ = ["render_page"]

_NAMES = {
    "text": "text",
    "thinking": "thinking",
    "call": "call arguments",
    "partial": "partial output",
    "tool": "tool called",
    "result": "tool returned",
    "retry": "asked again",
}


def render_page(entries: Sequence[PageEntry], *, title: str = "Playhead report") -> str:
    """The page, as HTML. Every entry can be read without its script; with it, entries can be filtered."""
    outcomes = [entry["outcome"] for entry in entries]
    counts = ", ".join(f"{outcomes.count(word)} {word}" for word in dict.fromkeys(sorted(outcomes)))
    style, script = (files("playhead.transcript").joinpath(name).read_text("utf-8") for name in ("page.css", "page.js"))
    options = "".join(
        f'<option value="{escape(word)}">{escape(word)}</option>' for word in dict.fromkeys(sorted(outcomes))
    )
    legend = "".join(f'<li><i class="mark {kind}"></i> {name}</li>' for kind, name in _NAMES.items())
    body = "\n".join(_entry(entry) for entry in entries)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#entries">Skip to the tests</a>
<header>
<h1>{escape(title)}</h1>
<p>{len(entries)} tests{": " + counts if counts else ""}</p>
<form role="search" aria-label="Filter tests">
<label>Filter <input type="search" id="filter" placeholder="name, tool, model, text" autocomplete="off"></label>
<label>Outcome <select id="outcome"><option value="">all</option>{options}</select></label>
<button type="button" id="open">Open all</button>
<button type="button" id="theme" aria-pressed="false">Dark</button>
<output id="shown" aria-live="polite">{len(entries)} of {len(entries)} shown</output>
</form>
<p class="keys">Keys: <kbd>/</kbd> filter, <kbd>j</kbd> <kbd>k</kbd> next and previous test, <kbd>Enter</kbd> open or close</p>
<ul class="legend" aria-label="Legend">{legend}</ul>
</header>
<main id="entries" tabindex="-1">
{body or '<p class="nothing">No test captured a run.</p>'}
</main>
<script>{script}</script>
</body>
</html>
"""


def _entry(entry: PageEntry) -> str:
    requests = [request for run in entry["runs"] for request in run["requests"]]
    marks = [mark["kind"] for request in requests for mark in request["marks"]]
    chunks = sum(marks.count(kind) for kind in ("text", "thinking", "call"))
    facts = [
        _count(len(requests), "request"),
        _count(chunks, "chunk"),
        _count(marks.count("tool"), "tool call"),
        _count(marks.count("partial"), "partial"),
        f"{entry['seconds'] * 1000:.0f} ms",
    ]
    message = f'<pre class="message">{escape(entry["message"])}</pre>' if entry["message"] else ""
    runs = "\n".join(_run(run) for run in entry["runs"])
    outcome = escape(entry["outcome"])
    return f"""<details class="test" data-outcome="{outcome}">
<summary><span class="outcome {outcome}">{outcome}</span> <span class="name">{escape(entry["name"])}</span>
<span class="facts">{", ".join(fact for fact in facts if fact)}</span></summary>
{message}{runs}
</details>"""


def _count(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}" if count else ""


def _run(run: PageRun) -> str:
    times = [
        time
        for request in run["requests"]
        for time in (request["start"], request["end"], *_times(request))
        if time is not None
    ]
    whole = max([run["duration"] or 0.0, *times], default=0.0)
    rows = "\n".join(
        _row(request, number, len(run["requests"]), whole) for number, request in enumerate(run["requests"])
    )
    axis = (
        f'<div class="axis" aria-hidden="true"><span>0 ms</span><span>{whole / 2:.0f} ms</span><span>{whole:.0f} ms</span></div>'
        if whole
        else '<p class="axis">no times known: in order, evenly spaced</p>'
    )
    usage = f"<p>{escape(run['usage'])}</p>" if run["usage"] else ""
    return f"""<section class="run" aria-label="{escape(run["title"])}">
<h2>{escape(run["title"])}</h2>{usage}
<div class="timeline">{axis}
{rows}
</div>
<h3>Transcript</h3>
<pre class="transcript" tabindex="0">{escape(run["text"])}</pre>
</section>"""


def _times(request: PageRequest) -> list[float]:
    return [mark["at"] for mark in request["marks"] if mark["at"] is not None]


def _row(request: PageRequest, number: int, rows: int, whole: float) -> str:
    """One request: its bar with a tick for each mark, and the same marks as a table."""
    timed = bool(whole) and bool(_times(request))
    known = _times(request)
    if timed:
        start = request["start"] if request["start"] is not None else min(known)
        end = max(request["end"] if request["end"] is not None else 0.0, *known)
    else:
        start, end, whole = float(number), number + 1.0, float(rows)
    ticks: list[str] = []
    count = len(request["marks"])
    for position, mark in enumerate(request["marks"]):
        at = mark["at"] if timed and mark["at"] is not None else start + (end - start) * (position + 1) / (count + 1)
        style = f"left:{_percent(at, whole)}"
        ticks.append(f'<i class="mark {mark["kind"]}" style="{style}" title="{escape(_title(mark))}"></i>')
    facts = ", ".join(fact for fact in (request["usage"], request["finish"]) if fact)
    more = f"<p>and {request['more']:,} more</p>" if request["more"] else ""
    table = "".join(_cells(mark) for mark in request["marks"])
    return f"""<div class="row"><div class="label">{escape(request["title"])}<small>{escape(facts)}</small></div>
<div class="track" aria-hidden="true"><div class="bar" style="left:{_percent(start, whole)};width:{_percent(max(end - start, 0.0), whole)}"></div>{"".join(ticks)}</div>
<details class="marks"><summary>{_count(count, "event") or "no events"}</summary>
<table><thead><tr><th scope="col">time</th><th scope="col">what</th><th scope="col">content</th></tr></thead><tbody>{table}</tbody></table>{more}</details></div>"""


def _cells(mark: PageMark) -> str:
    kind, at = mark["kind"], mark["at"]
    when = "" if at is None else f"{at:.0f} ms"
    what = f'<i class="mark {kind}"></i> {_NAMES[kind]}'
    return f"<tr><td>{when}</td><td>{what}</td><td><code>{escape(mark['text'])}</code></td></tr>"


def _percent(value: float, whole: float) -> str:
    return f"{100 * value / whole:.2f}%" if whole else "0%"


def _title(mark: PageMark) -> str:
    at = "" if mark["at"] is None else f"{mark['at']:.0f} ms  "
    return f"{at}{_NAMES[mark['kind']]}: {mark['text'][:200]}"
