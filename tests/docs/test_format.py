"""The example of the page on the cassette format is a cassette, byte for byte as Playhead writes it."""

from __future__ import annotations

import re
from pathlib import Path

from playhead.cassette import END_KINDS, read_file, write_file

PAGE = (Path(__file__).parents[2] / "docs/cassette-format.md").read_text("utf-8")


def test_the_example_is_what_playhead_reads_and_writes(tmp_path: Path) -> None:
    example = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
    path = tmp_path / "example.yaml"
    path.write_text(example, "utf-8")
    (interaction,) = read_file(str(path)).interactions
    assert interaction.response.stream is not None
    assert sum(interaction.response.stream.chunks) == len(interaction.response.body)
    interaction.text = None  # not copied from the file: written anew
    write_file(str(tmp_path / "again.yaml"), [interaction])
    assert (tmp_path / "again.yaml").read_text("utf-8") == example


def test_every_end_is_in_the_table() -> None:
    assert {name for name in re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) if name in END_KINDS} == END_KINDS


def test_a_field_that_nobody_knows_is_ignored(tmp_path: Path) -> None:
    example = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
    path = tmp_path / "newer.yaml"
    path.write_text(example.replace("      end: complete\n", "      end: complete\n      novel: 1\n"), "utf-8")
    assert len(read_file(str(path)).interactions) == 1
