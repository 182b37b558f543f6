"""s3files/_s3/errors.py: whatever boto3 and obstore raise is an S3Error, or a missing file."""

import pickle
import socket
import socketserver
import sys
import threading

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ParamValidationError
from obstore.store import S3Store

from tests.alone import import_alone

errors = import_alone("_s3.errors")


def answer(status, code):
    body = f"<Error><Code>{code}</Code><Message>Because.</Message></Error>"
    return (
        f"HTTP/1.1 {status} Said\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    ).encode()


WHOLE = b"HTTP/1.1 200 OK\r\nLast-Modified: Tue, 01 Jan 2030 00:00:00 GMT\r\n"


class Answering(socketserver.ThreadingTCPServer):
    """A server that gives one answer, byte for byte, to every request."""

    daemon_threads = True
    answer = b""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), None)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def finish_request(self, request, client_address):
        request.recv(65536)
        request.sendall(self.answer)


@pytest.fixture
def s3():
    with Answering() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def boto(url):
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=config,
    )


def head_with_boto3(url):
    return boto(url).head_object(Bucket="bucket", Key="a.txt")


def get_with_boto3(url):
    return boto(url).get_object(Bucket="bucket", Key="a.txt")["Body"].read()


def get_with_obstore(url):
    store = S3Store(
        "bucket",
        endpoint=f"{url}/bucket",
        virtual_hosted_style_request=True,
        region="us-east-1",
        access_key_id="key",
        secret_access_key="secret",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    return bytes(store.get("a.txt").bytes())


GETS = [get_with_boto3, get_with_obstore]


def failure(call, url):
    with pytest.raises(errors.S3Error) as failed, errors.s3_errors("GetObject", "media/a.txt"):
        call(url)
    assert failed.value.__cause__ is not None
    assert failed.value.operation == "GetObject"
    assert failed.value.key == "media/a.txt"
    assert str(failed.value).startswith("GetObject of media/a.txt failed: ")
    assert "\n" not in str(failed.value)
    return failed.value


@pytest.mark.parametrize("call", GETS)
@pytest.mark.parametrize(
    "status, code",
    [
        (400, "InvalidRequest"),
        (403, "AccessDenied"),
        (404, "NoSuchBucket"),
        (404, "NoSuchUpload"),
        (409, "ConditionalRequestConflict"),
        (412, "PreconditionFailed"),
        (503, "SlowDown"),
    ],
)
def test_the_code_and_status_of_a_refusal_are_kept(s3, call, status, code):
    s3.answer = answer(status, code)
    error = failure(call, s3.url)
    assert (error.code, error.status) == (code, status)


@pytest.mark.parametrize("call", GETS)
def test_an_object_that_is_not_there_is_a_missing_file(s3, call):
    s3.answer = answer(404, "NoSuchKey")
    with pytest.raises(FileNotFoundError, match=r"media/a\.txt"):
        with errors.s3_errors("GetObject", "media/a.txt"):
            call(s3.url)


def test_a_head_of_an_object_that_is_not_there_is_a_missing_file(s3):
    s3.answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with pytest.raises(FileNotFoundError), errors.s3_errors("HeadObject", "media/a.txt"):
        head_with_boto3(s3.url)


CUT = [
    b"",
    b"HTTP/1.1 2",
    WHOLE + b"Content-Length: 100\r\n\r\nhalf",
    b"220 ready for mail\r\n",
]


@pytest.mark.parametrize("call", GETS)
@pytest.mark.parametrize("answer", CUT)
def test_an_answer_that_was_cut_off_is_a_failure_of_s3(s3, call, answer):
    s3.answer = answer
    failure(call, s3.url)


@pytest.mark.parametrize("call", GETS)
def test_a_store_that_is_not_there_is_a_failure_of_s3(call):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    assert failure(call, f"http://127.0.0.1:{port}").status == 0


def test_a_mistake_of_the_caller_is_not_called_a_failure_of_s3(s3):
    with pytest.raises(ParamValidationError), errors.s3_errors("HeadObject", "media/a.txt"):
        boto(s3.url).head_object(Bucket="bucket", Key=5)


@pytest.mark.parametrize("mistake", [KeyError("hook"), ValueError("size"), OSError(28, "full")])
def test_what_no_library_of_s3_raises_stays_what_it_is(mistake):
    with pytest.raises(type(mistake)), errors.s3_errors("PutObject", "media/a.txt"):
        raise mistake


def test_an_error_stays_what_it_is_in_an_outer_block():
    with pytest.raises(errors.S3Error) as failed, errors.s3_errors("CopyObject", "outer"):
        with errors.s3_errors("PutObject", "inner"):
            raise errors.UnusableAnswer("no answer")
    assert (failed.value.operation, failed.value.key) == ("PutObject", "inner")


def test_an_error_can_be_pickled(monkeypatch):
    monkeypatch.setitem(sys.modules, errors.__name__, errors)
    error = errors.S3Error("PutObject", "media/a.txt", TimeoutError("no answer"))
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.__dict__) == (str(error), error.__dict__)
