"""The path some programs import `ApprovalRequiredToolset` from."""

from playhead.tools import ApprovalRequiredToolset

__all__ = ["ApprovalRequiredToolset"]
