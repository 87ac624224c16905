"""Property-based fuzzing of streams: any script, any cut, any fault, shrunk to a case one can read.

Comes in: consumers, agents, recordings. Goes out: a failure with the smallest case that shows it.
"""

from playhead.fuzz._split import SplitDifference, assert_split_invariant

__all__ = ["SplitDifference", "assert_split_invariant"]
