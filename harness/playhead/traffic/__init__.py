"""Traffic: what a cassette holds, read as calls of models, whoever sent them.

Comes in: an open cassette, a path, or interactions. Goes out: a transcript (`read_transcript`), or a script that says the
same again (`read_script`), and from a script a cassette (`write_cassette`).
"""

from playhead.traffic._calls import Exchange, read_exchanges
from playhead.traffic._cassette import write_cassette
from playhead.traffic._compare import compare_replies
from playhead.traffic._script import read_script
from playhead.traffic._transcript import read_transcript

__all__ = ["Exchange", "compare_replies", "read_exchanges", "read_script", "read_transcript", "write_cassette"]
