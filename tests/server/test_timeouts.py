"""Who waits how long for S3: a visitor's request 10 seconds in all, a command longer.

Slow, stalled and repeated requests are tried in tests/faults/.
"""

import time

import pytest


def test_a_request_of_wsgi_waits_for_seconds_and_what_follows_it_longer(site):
    assert site().call("waiting.ask_by_wsgi") == {
        "before": "command",
        "view": "request 6",
        "after": "command",
        "stream": "requestrequest",
        "another thread": "command",
        "command": 20,
    }


def test_a_synchronous_view_of_asgi_waits_for_seconds(site):
    assert site().call("waiting.ask_by_asgi") == {"view": "request 6", "after": "command"}


def test_a_web_request_waits_ten_seconds_at_most_for_eight_addresses(site):
    seconds, message = site().call(
        "waiting.save_where_eight_addresses_are_silent", AWS_S3_ENDPOINT_URL="http://s3.test"
    )
    assert 7 < seconds < 10
    assert "media/a.txt" in message


@pytest.mark.parametrize("fault", [503, "reset"])
def test_a_command_survives_what_a_web_request_gives_up_on(site, fault):
    site = site()
    began = []

    def break_it(request):
        began.append(time.monotonic())
        return fault if time.monotonic() - began[0] < 14 else None

    site.proxy.break_it = break_it
    name, seconds = site.call("waiting.save_or_measure", True)
    assert name == "S3Error" and seconds < 10
    began.clear()
    assert site.call("waiting.save_or_measure", False) == "a.txt"


@pytest.mark.parametrize(("fault", "seconds"), [("hang", 5), (503, 7)])
def test_a_web_request_survives_an_outage_shorter_than_its_budget(site, fault, seconds):
    site = site()
    began = []

    def break_it(request):
        began.append(time.monotonic())
        return fault if time.monotonic() - began[0] < seconds else None

    site.proxy.break_it = break_it
    assert site.call("waiting.save_or_measure", True) == "a.txt"


@pytest.mark.parametrize("fault", ["no name", "refused"])
def test_a_web_request_survives_a_store_that_cannot_be_reached_for_two_seconds(site, fault):
    assert site().call("waiting.save_where_a_store_is_away_for_two_seconds", fault) == "a.txt"


@pytest.mark.parametrize("size", [10, 9 * 2**20], ids=["small", "in parts"])
def test_a_form_with_ten_files_waits_no_longer_than_one(site, size):
    site = site()
    # Parts are lost, and so is what would remove them.
    site.proxy.break_it = lambda r: "hang" if r.kind in ("PUT", "PART", "ABORT", "HEAD") else None
    *errors, seconds = site.call("waiting.save_a_form_of_ten_files", size)
    assert len(errors) == 10 and 5 < seconds < 10.3
    assert "sends no more requests" not in errors[0][0]
    assert all(
        "has waited" in error[0] and "sends no more requests" in error[0] for error in errors[2:]
    )
    assert ("lifecycle rule" in str(errors[0])) == (size > 10)


def test_parts_are_removed_though_the_time_for_sending_them_is_over(site):
    site = site()
    site.proxy.break_it = lambda request: "hang" if request.kind == "PART" else None
    *errors, seconds = site.call("waiting.save_a_form_of_ten_files", 9 * 2**20)
    assert len(errors) == 10 and seconds < 10.3
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


def test_time_in_which_bytes_move_does_not_count(site):
    site = site()
    # 40 MB at 4 × 0.7 MB a second.
    site.proxy.break_it = lambda request: ("up", 700_000) if request.kind == "PART" else None
    name, seconds = site.call("waiting.save_40_mb")
    assert name == "a.bin" and seconds > 11


def test_the_program_that_sends_waits_for_each_block_as_for_an_answer(site):
    # The parts of botocore that s3files/_s3/http.py replaces are the ones in use.
    assert site().call("waiting.find_connection") == ["s3files._s3.http", 20]


# Of botocore's standard mode: what is not tried again here, and why.
NOT_TRIED = {
    "SSLError": "a certificate does not get better in a second",
    "EC2ThrottledException": "EC2's",
    "LimitExceededException": "of services with quotas; S3 has none of this name",
    "ProvisionedThroughputExceededException": "DynamoDB's and Kinesis's",
    "TransactionInProgressException": "DynamoDB's",
}


def test_what_botocore_tries_again_is_tried_again(site):
    lists = site().call("waiting.compare_with_botocore")
    # S3's own, and that a file was damaged on its way.
    assert lists.pop("more") == ["BadDigest", "InternalError"]
    assert {name for names in lists.values() for name in names} == set(NOT_TRIED)
