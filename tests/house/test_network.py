"""The suite's network ends at this machine, the way it ends on one without a network."""

import errno
import os
import socket

import pytest


def test_addresses_elsewhere_are_unreachable() -> None:
    with socket.socket() as client, pytest.raises(OSError, match="tests run offline") as caught:
        client.connect(("192.0.2.1", 443))
    assert caught.value.errno == errno.ENETUNREACH


def test_names_of_other_hosts_do_not_resolve() -> None:
    with pytest.raises(socket.gaierror, match=r"asks for api\.example\.com"):
        socket.getaddrinfo("api.example.com", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_servers_on_this_machine_are_reachable(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1])).close()


def test_keys_and_proxies_of_the_developer_are_not_seen() -> None:
    assert not [name for name in os.environ if name.endswith("_API_KEY") or name.lower().endswith("_proxy")]
