"""What all agents have, under the reference's import path."""

from playhead.runtime import AbstractAgent, EventStreamHandler

__all__ = ["AbstractAgent", "EventStreamHandler"]
