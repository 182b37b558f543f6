import sys
import urllib.request
from types import SimpleNamespace

import pytest

from tests import servers
from tests.conftest import environment, free_port


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory):
    with servers.seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def ministack(tmp_path_factory):
    with servers.ministack(tmp_path_factory.mktemp("ministack")) as server:
        yield server


# moto, for tests/doctor alone.


@pytest.fixture(scope="session")
def moto():
    port = free_port()
    server = servers.Server(url=f"http://127.0.0.1:{port}")
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with servers.running(server.url, None, *command, env=environment()):
        yield server


@pytest.fixture
def strict_moto(moto):
    """moto, which between `enforce()` and `relax()` refuses what no policy allows."""

    def free_requests(count):
        url = f"{moto.url}/moto-api/reset-auth"
        request = urllib.request.Request(url, count.encode(), {"Content-Type": "text/plain"})
        urllib.request.urlopen(request, timeout=10).close()

    def relax():
        free_requests("inf")

    yield SimpleNamespace(server=moto, enforce=lambda: free_requests("0"), relax=relax)
    relax()
