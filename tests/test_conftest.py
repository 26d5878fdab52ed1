"""The guard around the tests, tried."""

from __future__ import annotations

import socket

import pytest

from tests.conftest import NetworkReached


def test_a_foreign_address_is_not_reached() -> None:
    with pytest.raises(NetworkReached, match="192.0.2.1"), socket.socket() as client:
        client.connect(("192.0.2.1", 443))


def test_a_foreign_name_is_not_looked_up() -> None:
    with pytest.raises(NetworkReached, match="registry.example"):
        socket.getaddrinfo("registry.example", 443)


def test_loopback_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
