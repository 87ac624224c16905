"""Server-sent events: bytes in, frames out, and back. No IO.

Specified in https://html.spec.whatwg.org/multipage/server-sent-events.html (section 9.2.6, "Interpreting an event
stream"). Inputs: pieces of the stream, cut anywhere. Outputs: a frame for each blank line that ends one with data.
"Not yet" is an empty list. State: the bytes of the unfinished line (in pieces, joined once, so that a frame of any
length costs linear time) and the fields of the unfinished frame.

Two leniencies, both needed for real providers: `close` gives a last frame that no blank line ended, where the standard
drops it; and lines that are no field at all before the first frame are kept as `stray`, because some servers answer
with bare JSON under `text/event-stream`.
"""

from __future__ import annotations

from dataclasses import dataclass

from playhead.exceptions import DecodeError

__all__ = ["FRAME_BYTES_MAX", "Frame", "FrameSplitter", "write_comment", "write_frame"]

FRAME_BYTES_MAX = 64 * 1024 * 1024
"""A frame may be this long; a picture in one frame is a few million bytes."""
STRAY_CHARS_MAX = 1024 * 1024

_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Frame:
    """One event of the stream. `number` counts from 0; `event` is empty where the stream named none."""

    data: str
    event: str = ""
    number: int = 0
    id: str | None = None
    retry_ms: int | None = None


class FrameSplitter:
    """Cuts a stream into frames: `feed` gives those that are complete, `close` the last one."""

    frames = 0
    """How many frames have come so far, which is the number of the next."""
    last_id: str | None = None
    _size = 0
    _pending = 0
    _stray_size = 0
    _at_start = True
    _skip_lf = False
    _event = ""
    _retry_ms: int | None = None

    def __init__(self, *, frame_bytes_max: int = FRAME_BYTES_MAX) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._pieces: list[bytes] = []
        self._stray: list[str] = []
        self._data: list[str] = []

    @property
    def stray(self) -> str:
        """Lines before the first frame that are not of the format, up to a limit."""
        return "\n".join(self._stray)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes. `DecodeError` for a frame that is too long."""
        if self._skip_lf and data:
            # The CR that ended the last piece has ended its line already; this LF belongs to it.
            self._skip_lf = False
            if data[:1] == b"\n":
                data = data[1:]
        end = len(data) if data[-1:] == b"\n" else max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if not end:
            self._keep(data)
            return []
        block = data[:end]
        if self._pieces:
            self._pieces.append(block)
            block = b"".join(self._pieces)
            self._pieces = []
        if block[-1:] == b"\r":
            self._skip_lf = True
        frames = self._lines(block)
        # What waits for its blank line: counted anew after a frame, else added to, so that it costs linear time.
        waiting = self._data
        self._pending = 0 if not waiting else sum(map(len, waiting)) if frames else self._pending + len(block)
        self._size = 0
        if waiting or end < len(data):
            self._keep(data[end:])
        return frames

    def close(self) -> list[Frame]:
        """The last frame, if the stream ended without the blank line after it."""
        if not (self._pieces or self._data):
            return []
        frames: list[Frame] = []
        if self._pieces:
            frames = self._lines(b"".join(self._pieces) + b"\n")
            self._pieces = []
        if self._data:
            frames += self._read([""])
        return frames

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self._size += len(piece)
        if self._pending + self._size > self._frame_bytes_max:
            raise DecodeError(
                f"Frame {self.frames} of the stream is longer than {self._frame_bytes_max:,} bytes",
                "This is no stream of server-sent events, or its server never ends a line.",
                frame=self.frames,
            )

    def _lines(self, block: bytes) -> list[Frame]:
        """The frames that a block of whole lines completes."""
        if self._at_start:
            self._at_start = False
            block = block.removeprefix(_BOM)
        text = block.decode("utf-8", "replace")
        frames: list[Frame] = []
        if not (self._data or self._event or self._retry_ms is not None):
            done = self._plain(text, frames)
            if done == len(text):
                return frames
            text = text[done:]
        lines = text.split("\n")  # one character is found much faster than two
        if "\r" in text:
            lines[:-1] = [line.removesuffix("\r") for line in lines[:-1]]
            if any(["\r" in line for line in lines]):
                lines = [part for line in lines for part in line.split("\r")]
        lines.pop()
        frames += self._read(lines)
        return frames

    def _plain(self, text: str, frames: list[Frame]) -> int:
        """The short way for what streams are mostly made of: frames that are a line of data, with or without the line
        that names the event before it. Adds them to `frames`, and says where the text begins that is something else."""
        at, size, find = 0, len(text), text.find
        blank = "\r\n\r\n" if "\r" in text else "\n\n"
        skip = len(blank)
        half = skip // 2
        number, last_id = self.frames, self.last_id
        while at < size:
            event, start = "", at
            if text[at : at + 7] == "event: ":
                end = find("\n", at) + 1 - half
                if half > 1 and find("\r", at) != end:
                    break
                event, start = text[at + 7 : end], end + half
            if text[start : start + 6] != "data: ":
                break
            end = find("\n", start) + 1 - half
            if text[end : end + skip] != blank or (half > 1 and find("\r", start) != end):
                break
            frames.append(Frame(text[start + 6 : end], event, number, last_id, None))
            number += 1
            at = end + skip
        self.frames = number
        return at

    def _read(self, lines: list[str]) -> list[Frame]:
        frames: list[Frame] = []
        pending = self._data
        for line in lines:
            if line[:6] == "data: ":
                pending.append(line[6:])
            elif not line:
                if pending:
                    data = pending[0] if len(pending) == 1 else "\n".join(pending)
                    frames.append(Frame(data, self._event, self.frames, self.last_id, self._retry_ms))
                    self.frames += 1
                    pending.clear()
                    self._retry_ms = None
                self._event = ""
            elif line[:7] == "event: ":
                self._event = line[7:]
            else:
                self._field(line)
        return frames

    def _field(self, line: str) -> None:
        name, colon, value = line.partition(":")
        if value[:1] == " ":
            value = value[1:]
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id":
            if "\0" not in value:
                self.last_id = value
        elif name == "retry":
            if value.isascii() and value.isdigit() and len(value) < 16:
                self._retry_ms = int(value)
        elif (name or not colon) and not self.frames and self._stray_size < STRAY_CHARS_MAX:
            self._stray.append(line)
            self._stray_size += len(line)


def write_frame(data: str, *, event: str = "", id: str | None = None, retry_ms: int | None = None) -> bytes:
    """One frame. Line ends in `data` (CR, LF, CRLF) all arrive as LF. `ValueError` for them in `event` or `id`."""
    lines: list[str] = []
    for name, value in (("event", event or None), ("id", id), ("retry", retry_ms)):
        if value is None:
            continue
        text = str(value)
        if "\n" in text or "\r" in text:
            raise ValueError(f"A frame's {name} cannot hold a line end: {text!r}")
        lines.append(f"{name}: {text}")
    if "\r" in data:
        data = data.replace("\r\n", "\n").replace("\r", "\n")
    lines.extend(f"data: {line}" for line in data.split("\n"))
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


def write_comment(text: str = "") -> bytes:
    """A comment, which readers skip: a sign of life from a server that is still thinking."""
    return "".join(f": {line}\n" for line in text.splitlines() or [""]).encode("utf-8", "replace") + b"\n"
