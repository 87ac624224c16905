"""AG-UI (https://docs.ag-ui.com): an agent behind its protocol, on the package `ag-ui-protocol` (extra `ag-ui`)."""

from playhead.exceptions import UserError

try:
    import ag_ui.core as _core
except ImportError as _error:
    raise UserError(
        "playhead.ui.ag_ui needs ag-ui-protocol, which is not installed. Install it: pip install 'playhead[ag-ui]'"
    ) from _error

from playhead.ui.ag_ui._adapter import AGUIAdapter
from playhead.ui.ag_ui._events import AGUIEventStream
from playhead.ui.ag_ui._utils import DEFAULT_AG_UI_VERSION

__all__ = ["AGUIAdapter", "AGUIEventStream", "DEFAULT_AG_UI_VERSION"]

del _core
