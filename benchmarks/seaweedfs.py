"""A SeaweedFS cluster on this machine, each node of which can be killed and started again.

Three masters, three volume servers in three racks, two filers on PostgreSQL, and two S3 gateways
behind a balancer.
"""

import contextlib
import itertools
import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.postgresql import PostgreSQL
from benchmarks.server import REGION, free_ports, program

HOST = "127.0.0.1"
START_SECONDS = 60
MASTERS, VOLUME_SERVERS, FILERS, GATEWAYS = 3, 3, 2, 2
# Each object is on two volume servers, in different racks.
REPLICATION = "010"
FILER_TOML = """\
[postgres2]
enabled = true
createTable = \"\"\"
  CREATE TABLE IF NOT EXISTS "%s" (
    dirhash BIGINT, name VARCHAR(65535), directory VARCHAR(65535), meta bytea,
    PRIMARY KEY (dirhash, name)
  );
\"\"\"
hostname = "127.0.0.1"
port = {port}
username = "tester"
database = "postgres"
sslmode = "disable"
connection_max_idle = 10
connection_max_open = 20
"""


class Node:
    """One process of the cluster."""

    def __init__(self, name, folder, kind, options, env):
        self.name = name
        self.port, self.grpc = free_ports(2)
        self.address = f"{HOST}:{self.port}.{self.grpc}"
        self._folder, self._kind, self._options, self._env = folder, kind, options, env
        self._process = None
        folder.mkdir()

    @property
    def command(self):
        """What starts it."""
        own = [f"-ip={HOST}"] if self._kind != "s3" else []
        return [
            *("weed", self._kind, *own, f"-ip.bind={HOST}"),
            *(f"-port={self.port}", f"-port.grpc={self.grpc}"),
            *self._options(self),
        ]

    def start(self):
        """Start it; it answers when wait() returns."""
        with open(self._folder / "weed.log", "a") as log:
            self._process = subprocess.Popen(
                [program("weed"), *self.command[1:]],
                cwd=self._folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 1):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self._folder / "weed.log").read_text(errors="replace")
                raise RuntimeError(f"{self.name} did not start:\n{log[-1500:]}")
            time.sleep(0.05)

    def kill(self):
        """End it as a lost machine does."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()


class Cluster:
    """All nodes, and an empty bucket behind `url`. Use as a context manager."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.database = stack.enter_context(PostgreSQL())
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cluster-")))
            self.credentials = {
                "AWS_ACCESS_KEY_ID": "cluster",
                "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
            }
            env = {"PATH": os.environ["PATH"], "HOME": str(folder)} | self.credentials
            self._make_nodes(folder, env)
            stack.callback(lambda: [node.kill() for node in self.nodes])
            for master in self.masters:
                master.start()
            # One after the other: a filer asks those that the masters know for what they have.
            for node in [*self.masters, *self.volume_servers, *self.filers, *self.gateways]:
                if node not in self.masters:
                    node.start()
                node.wait()
            ports = [node.port for node in self.gateways]
            self.balancer = stack.enter_context(Balancer(ports))
            self.url = f"http://{HOST}:{self.balancer.port}"
            self.client = self.connect(retries={"mode": "standard"})
            self._stack = stack.pop_all()
        return self

    def connect(self, **config):
        """Return a client of boto3's with these values in its Config."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}, **config),
        )

    def __exit__(self, *_):
        self._stack.close()

    @property
    def nodes(self):
        return [*self.gateways, *self.filers, *self.volume_servers, *self.masters]

    def _make_nodes(self, folder, env):
        def make(kind, count, options):
            return [
                Node(f"{kind} {number}", folder / f"{kind}-{number}", kind, options, env)
                for number in range(1, count + 1)
            ]

        self.masters = make(
            "master",
            MASTERS,
            lambda node: [
                "-mdir=.",
                f"-peers={masters}",
                f"-defaultReplication={REPLICATION}",
                "-volumeSizeLimitMB=64",
                "-electionTimeout=2s",
                "-telemetry=false",
            ],
        )
        masters = ",".join(node.address for node in self.masters)
        self.volume_servers = make(
            "volume",
            VOLUME_SERVERS,
            lambda node: [
                *("-dir=.", f"-master={masters}", "-max=60"),
                *("-dataCenter=center", f"-rack={node.name.replace(' ', '-')}"),
            ],
        )
        self.filers = make("filer", FILERS, lambda node: [f"-master={masters}"])
        for number in range(1, FILERS + 1):
            text = FILER_TOML.format(port=self.database.port)
            (folder / f"filer-{number}" / "filer.toml").write_text(text)
        filers = ",".join(node.address for node in self.filers)
        # Two gateways on one machine would both listen on 8181 and 9101.
        ports = ["-port.iceberg=0", "-port.lance=0"]
        self.gateways = make("s3", GATEWAYS, lambda node: [f"-filer={filers}", *ports])

    def find_leader(self):
        """Return the leading master."""
        for node in self.masters:
            with contextlib.suppress(OSError, ValueError):
                url = f"http://{HOST}:{node.port}/cluster/status"
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if json.load(answer).get("IsLeader"):
                        return node
        raise RuntimeError("no master leads")

    def make_bucket(self, name):
        """Make a bucket that is ready: the first write to one makes its volumes."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with contextlib.suppress(self.client.exceptions.BucketAlreadyExists):
                    self.client.create_bucket(Bucket=name)
                self.client.put_object(Bucket=name, Key="warm-up", Body=b"")
                self.client.delete_object(Bucket=name, Key="warm-up")
                return
            except (ClientError, ConnectionError) as error:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"The cluster is not ready: {error}") from error
                time.sleep(0.5)


class Balancer:
    """Gives each connection to the next gateway that takes it."""

    def __init__(self, ports):
        self._ports = itertools.cycle(ports)
        self._count = len(ports)
        self._listener = socket.create_server((HOST, 0), backlog=128)
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # it is closed
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client):
        with client:
            for port in itertools.islice(self._ports, self._count):
                with contextlib.suppress(OSError):
                    gateway = socket.create_connection((HOST, port), 1)
                    break
            else:
                return
            gateway.settimeout(None)
            with gateway:
                back = threading.Thread(target=pump, args=(gateway, client), daemon=True)
                back.start()
                pump(client, gateway)
                back.join()


def pump(source, target):
    """Pass bytes on until one side ends."""
    with contextlib.suppress(OSError):
        while block := source.recv(256 * 1024):
            target.sendall(block)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
