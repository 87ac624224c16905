"""Material that may lie beside a checkout (real recordings, reference scenarios), found by its relative path.

It is not part of the repository: tests that use it skip, with a reason, where it is missing.
"""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


def shared(relative: str) -> Path:
    """The file or folder `relative` beside the checkout; skips the running test (or module) where it is missing."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"needs ../shared/{relative}, which is not part of the repository", allow_module_level=True)
    return path


def shared_files(relative: str, pattern: str = "*") -> list[Path]:
    """The files under `relative` that match the glob `pattern`, sorted; an empty list where the folder is missing.

    For parametrisation: pytest itself reports an empty parameter set as a skip.
    """
    return sorted(path for path in (SHARED / relative).rglob(pattern) if path.is_file())
