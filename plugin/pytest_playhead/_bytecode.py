"""Takes Playhead out of what pytest rewrites: nothing in it asserts. Imported before the plugin's other modules.

pytest compiles the modules of plugins itself, and keeps the result beside Python's own bytecode. Where it cannot (an
installation that is read-only, `PYTHONDONTWRITEBYTECODE`), it does so again at each start, which takes longer than all else
that happens then. Python's own bytecode, which installers make, is there in any case.
"""

import sys

__all__: list[str] = []

for _finder in sys.meta_path:
    getattr(_finder, "_must_rewrite", set[str]()).difference_update(("playhead", "pytest_playhead"))
