"""Blocking the network, where the mark `vcr` is another plugin's and blocking is not."""

from pytest_playhead._recording import allowed_hosts, block_network

__all__ = ["allowed_hosts", "block_network"]
