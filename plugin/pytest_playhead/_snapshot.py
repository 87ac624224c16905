"""The syrupy extension: transcripts in `__snapshots__/<module>.transcript`, one entry for each assertion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from syrupy.extensions.amber import AmberSnapshotExtension
from syrupy.extensions.amber.serializer import AmberDataSerializer

from playhead.transcript import Values, first_difference, render_value

__all__ = ["TranscriptExtension", "TranscriptSerializer"]


class TranscriptSerializer(AmberDataSerializer):
    """Amber's file of named entries; what stands in an entry is a transcript's text."""

    @classmethod
    def serialize(cls, data: Any, **kwargs: Any) -> str:
        """The text of a transcript, of a part of one, of a cassette's traffic, or of any value."""
        from pytest_playhead._traffic import transcript_of_cassette

        options = {name: kwargs.get(name) for name in ("exclude", "include", "matcher")}
        return render_value(transcript_of_cassette(data), Values(**options)).rstrip("\n")


class TranscriptExtension(AmberSnapshotExtension):
    """Compares by text; a failure shows the first difference in the run."""

    file_extension = _file_extension = "transcript"  # syrupy 4 has the name with the underscore
    serializer_class = TranscriptSerializer

    def serialize(self, data: Any, **kwargs: Any) -> str:
        """The text that is compared and stored."""
        return self.serializer_class.serialize(data, **kwargs)

    def diff_lines(self, serialized_data: Any, snapshot_data: Any) -> Iterator[str]:
        """The first difference, in place of syrupy's diff of everything."""
        if not snapshot_data:
            yield "There is no snapshot yet. Write it: add --snapshot-update. This is what it would say:"
            lines = str(serialized_data).splitlines()
            yield from (f"    {line}" for line in lines[:40])
            if len(lines) > 40:
                yield f"    … {len(lines) - 40} more lines"
            return
        yield from first_difference(str(snapshot_data), str(serialized_data), names=("the snapshot", "this run"))
        yield "  If the change is intended: --snapshot-update (with --record-mode=rewrite, if you record again)"
