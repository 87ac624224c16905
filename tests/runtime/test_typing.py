"""Results are generic in their data: pyright agrees with every `assert_type` of typed_agent.py."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.slow
def test_pyright_agrees(tmp_path: Path) -> None:
    pytest.importorskip("pyright")
    config = {
        "include": ["typed_agent.py"],  # relative, or it is passed over
        "extraPaths": [str(ROOT / "harness")],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "reportUnnecessaryTypeIgnoreComment": True,
    }
    shutil.copy(HERE / "typed_agent.py", tmp_path)
    project = tmp_path / "pyrightconfig.json"
    project.write_text(json.dumps(config))
    command = [sys.executable, "-m", "pyright", "--project", str(project), "--pythonpath", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "0 errors" in done.stdout, done.stdout
