"""Files that go to a model: read from where they are, named by what they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from playhead import BinaryContent, BinaryImage


def test_a_file_is_read_with_the_type_that_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"png")
    (tmp_path / "notes.unknown").write_bytes(b"\0")
    assert BinaryContent.from_path(tmp_path / "a.png") == BinaryImage(b"png", media_type="image/png")
    assert BinaryContent.from_path(tmp_path / "notes.unknown").media_type == "application/octet-stream"
    with pytest.raises(FileNotFoundError, match="There is no file"):
        BinaryContent.from_path(tmp_path / "b.png")


def test_a_data_uri_is_read_and_written() -> None:
    content = BinaryContent(b"hi", media_type="text/plain")
    assert BinaryContent.from_data_uri(content.data_uri) == content
    assert type(BinaryContent.from_data_uri("data:image/png;base64,aGk=")) is BinaryImage
    for wrong in ("http://example.com/a.png", "data:text/plain,hi"):
        with pytest.raises(ValueError, match="`data:` URI"):
            BinaryContent.from_data_uri(wrong)


def test_two_files_with_the_same_content_have_the_same_name() -> None:
    one, two, other = (BinaryContent(data, media_type="text/plain") for data in (b"a", b"a", b"b"))
    assert one.identifier == two.identifier != other.identifier
    assert BinaryContent(b"a", media_type="text/plain", identifier="mine").identifier == "mine"
