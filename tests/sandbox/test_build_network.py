"""From within a build container the package index can be reached, and nothing else."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.build import BUILDER, BuildContainer
from sandbox.build_network import BuildNetwork
from sandbox.destinations import Destinations, destinations_of
from sandbox.docker import DockerEngine
from sandbox.index import Asker
from sandbox.manifest import Manifest
from tests.support.index_server import IndexServer
from tests.support.trees import images

pytestmark = pytest.mark.docker
USER = f"{BUILDER}:{BUILDER}"
PROBE = """
import json, socket, sys, urllib.request
said = {}
for place in json.loads(sys.argv[1]):
    host, _, port = place.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        said["direct " + place] = "open"
    except OSError as error:
        said["direct " + place] = "closed"
    way = socket.create_connection(("127.0.0.1", 3128), timeout=20)
    way.sendall(("CONNECT %s HTTP/1.1\\r\\n\\r\\n" % place).encode())
    said["proxy " + place] = way.recv(100).split(b" ")[1].decode()
said["interfaces"] = sorted(name for _, name in socket.if_nameindex())
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
    try:
        door.sendto(b"x", ("192.0.2.1", 53))
        said["datagram"] = "sent"
    except OSError:
        said["datagram"] = "not sent"
print(json.dumps(said))
"""


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        server.add("acme-tools")
        yield server


def test_nothing_but_the_index_can_be_reached(index: IndexServer, tmp_path: Path) -> None:
    local = BuildNetwork(index_url=index.url)
    allowed = destinations_of(local, Asker(local, tmp_path), Manifest(requirements=("acme-tools",)))
    everywhere, loopback = socket.create_server(("", 0)), socket.create_server(("127.0.0.1", 0))
    with everywhere, loopback, BuildContainer(images().api, images().base, network=local, cache="none") as box:
        ports = everywhere.getsockname()[1], loopback.getsockname()[1]
        bridge = images().api.inspect_network("bridge")["IPAM"]["Config"][0]
        gateway = bridge.get("Gateway") or "172.17.0.1"
        others = [f"{gateway}:{ports[0]}", f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}", f"localhost:{index.port}",
                  "169.254.169.254:80", "100.100.100.200:80", "192.0.2.1:443"]  # fmt: skip
        box.connect(allowed)
        env = box.way_out()
        probe = box.step(["python3", "-I", "-c", PROBE, json.dumps(others)], user=USER, timeout_s=60)
        assert probe.exit_code == 0, probe.output
        said = json.loads(probe.output)
        assert said.pop("interfaces") == ["lo"] and said.pop("datagram") == "not sent"
        assert said == {f"direct {place}": "closed" for place in others} | {f"proxy {place}": "403" for place in others}
        fetch = f"import urllib.request as r; print(r.urlopen('{index.url}acme-tools/').status)"
        assert box.step(["python3", "-I", "-c", fetch], user=USER, env=env, timeout_s=30).output == "200\n"
        box.cut_off()
        cut = box.step(["python3", "-I", "-c", fetch], user=USER, env=env, timeout_s=30)
        assert cut.exit_code == 1 and "refused" in cut.output


def test_a_refused_host_is_named_with_what_to_do(index: IndexServer, tmp_path: Path) -> None:
    local = BuildNetwork(index_url=index.url)
    with BuildContainer(images().api, images().base, network=local, cache="none") as box:
        box.connect(destinations_of(local, Asker(local, tmp_path)))
        fetch = "import urllib.request as r; r.urlopen('http://files.invalid:8080/x')"
        assert box.step(["python3", "-I", "-c", fetch], user=USER, env=box.way_out(), timeout_s=30).exit_code == 1
        assert "files.invalid:8080 cannot (setting build_hosts)" in box.refusals()


def test_the_bridge_is_there_for_who_asks_for_it() -> None:
    bridged = BuildNetwork(reach="bridge", proxies={"https": "http://proxy.example:3128"})
    with BuildContainer(DockerEngine().client, images().base, network=bridged, cache="none") as box:
        box.connect(Destinations(frozenset()))
        assert box.way_out()["https_proxy"] == "http://proxy.example:3128"
        names = "import socket; print(len(socket.if_nameindex()))"
        assert box.step(["python3", "-c", names], user=USER, timeout_s=30).output == "2\n"
        box.cut_off()
        assert box.step(["python3", "-c", names], user=USER, timeout_s=30).output == "1\n"
