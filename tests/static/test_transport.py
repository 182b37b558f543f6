"""collectstatic where the way to S3 is not as it should be: at once, and with the reason."""

import http.server
import ssl
import subprocess
import threading

import pytest

from tests.static.test_publishing import SMALL

COLLECT = ("python", "manage.py", "collectstatic", "--noinput")


def make_certificate(folder, *options):
    """Make a certificate authority, and a certificate of its for this machine."""

    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    key = ["-newkey", "rsa:2048", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=A CA")
    openssl("req", *key, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE")
    sign = ["x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key"]
    openssl(*sign, "-CAcreateserial", "-out", "cert.pem", "-extfile", "names", *options)


class CountingServer(http.server.ThreadingHTTPServer):
    """Counts connections, also those that end before a request."""

    connections = count = 0

    def get_request(self):
        self.connections += 1
        return super().get_request()


class Refuser(http.server.BaseHTTPRequestHandler):
    """A store behind TLS that answers as S3 does to a wrong key, or in another region."""

    status, code = 403, "InvalidAccessKeyId"

    def do_GET(self):
        self.server.count += 1
        text = "The key you provided does not exist in our records."
        body = f"<Error><Code>{self.code}</Code><Message>{text}</Message></Error>".encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def secure_store(tmp_path, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with CountingServer(("127.0.0.1", 0), Refuser) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *args: None  # a client that does not trust it
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.url = f"https://localhost:{server.server_address[1]}"
        yield server
        server.shutdown()


def publish(site, store, **variables):
    """Publish to a store that refuses; return the output."""
    site.write(SMALL)
    output = site.run(*COLLECT, status=1, AWS_S3_ENDPOINT_URL=store.url, **variables)
    assert "Traceback" not in output and "<" not in output
    return output


def test_a_certificate_that_is_not_trusted_is_the_reason(site, secure_store):
    output = publish(site(), secure_store, AWS_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt")
    assert "certificate is not trusted (UnknownIssuer)" in output and "AWS_CA_BUNDLE" in output
    # The listing and the manifest, and not again for a minute, as in an outage.
    assert secure_store.count == 0 and 2 <= secure_store.connections <= 3


def test_a_ca_of_ones_own_is_named_once_for_boto3_and_obstore(site, secure_store, tmp_path):
    output = publish(site(), secure_store, AWS_CA_BUNDLE=str(tmp_path / "ca.pem"))
    assert "certificate" not in output and "InvalidAccessKeyId" in output


def test_a_wrong_key_is_one_sentence_and_one_try(site, secure_store, tmp_path):
    output = publish(site(), secure_store, AWS_CA_BUNDLE=str(tmp_path / "ca.pem"))
    assert "InvalidAccessKeyId: The key you provided does not exist in our records." in output
    assert "python manage.py s3doctor" in output and len(output) < 700
    # The listing and the manifest.
    assert secure_store.count == 2


def test_another_region_is_not_tried_again(site, secure_store, tmp_path, monkeypatch):
    monkeypatch.setattr(Refuser, "status", 301)
    output = publish(site(), secure_store, AWS_CA_BUNDLE=str(tmp_path / "ca.pem"))
    assert "region" in output
    assert secure_store.count == 2


def test_a_fork_of_a_process_that_published_says_that_it_cannot(site):
    site = site()
    site.write(SMALL)
    for message in site.call("publishing.publish_and_fork"):
        assert "forked from one that used obstore" in message and "spawn" in message
