"""The waist of the house: the grammar of stream events, and the verbs on them.

Comes in: stream events, or additions to slots (`Emitter`). Goes out: replies (`Fold`), well-formed events, violations.
No IO, no clock.
"""

from playhead.stream._emitter import ENDING_PARTS, Emitter
from playhead.stream._fold import Fold, Follower, fold
from playhead.stream._grammar import Grammar, violations
from playhead.stream._partial import JsonSplitter, SplitList
from playhead.stream._unfold import Slicer, unfold, whole, words

__all__ = [
    "ENDING_PARTS",
    "Emitter",
    "Fold",
    "Follower",
    "Grammar",
    "JsonSplitter",
    "Slicer",
    "SplitList",
    "fold",
    "unfold",
    "violations",
    "whole",
    "words",
]
