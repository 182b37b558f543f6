"""Files of several parts: nothing acknowledged is lost, however many are saved at once."""

import threading

import pytest

MANY = pytest.param(400, marks=[pytest.mark.torture, pytest.mark.timeout(1200)])


@pytest.mark.parametrize("count", [6, 40, MANY])
def test_large_saves_of_one_name_at_once_are_all_there(site, count, record_property):
    site = site()
    names = site.call("large_saves.save_at_once", count, timeout=900)
    lost = [
        name
        for number, name in enumerate(names)
        if site.read(f"media/{name}") != number.to_bytes(4, "big") * (9 * 2**18)
    ]
    record_property("acknowledged", len(names))
    record_property("lost", len(lost))
    assert "x.bin" in names and len(set(names)) == count
    assert not lost


def test_a_large_file_of_an_exact_name_costs_a_look_and_a_reservation(site):
    site = site()
    site.call("large_saves.save_small_and_large")
    requests = site.proxy.kinds()
    # The first save of a process looks what the store makes of the condition.
    assert requests == {"HEAD": 1 + 1, "PUT": 1 + 1 + 1, "CREATE": 1, "PART": 2, "COMPLETE": 1}


def test_a_reservation_goes_when_the_upload_fails(site):
    site = site()
    site.proxy.break_it = lambda request: 403 if request.kind == "COMPLETE" else None
    output = site.call("media.save_bytes", "x.bin", 9 * 2**20, status=1)
    assert "CompleteMultipartUpload of media/x.bin failed" in output
    assert site.keys() == set()
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


def test_a_reservation_that_cannot_be_withdrawn_is_named(site):
    site = site()
    site.proxy.break_it = lambda request: (
        403 if request.kind == "COMPLETE" or (request.kind == "DELETE" and request.key) else None
    )
    output = site.call("media.save_bytes", "x.bin", 9 * 2**20, status=1)
    assert "An empty object may stay at media/x.bin: delete it." in output
    assert site.keys() == {"media/x.bin"}


def test_a_reservation_that_s3_may_have_made_is_named(site):
    site = site()
    made = threading.Event()

    def break_it(request):
        if request.kind == "PUT":
            made.set()
            return "lost answer"
        return 403 if made.is_set() and request.kind == "HEAD" else None

    site.proxy.break_it = break_it
    output = site.call("large_saves.save_and_give_up_soon", status=1)
    assert "PutObject of media/x.bin failed" in output
    assert "An empty object may stay at media/x.bin: delete it." in output
    assert site.keys() == {"media/x.bin"}


def test_a_store_that_refuses_the_condition_stores_files_without_it(site):
    site = site()
    # As Swift does.
    site.proxy.break_it = lambda request: 501 if "If-None-Match" in request.headers else None
    first, second, third, large = site.call("large_saves.save_and_record_requests")
    assert first == ["a.txt", ["HEAD", "PUT if new", "PUT"]]
    # The name is taken, so the file gets one of its own: no look.
    assert second[1] == third[1] == ["HEAD", "PUT"]
    assert large == ["x.bin", ["HEAD", "POST", "PUT", "PUT", "POST"]]
    names = [first[0], second[0], third[0]]
    assert [site.read(f"media/{name}") for name in names] == [b"0", b"1", b"2"]


def test_a_store_that_refuses_another_header_is_not_taken_for_one_that_refuses_conditions(site):
    site = site()
    site.proxy.break_it = lambda request: 501 if request.kind == "PUT" else None
    assert "S3Error" in site.call("media.save", "a.txt", status=1)
    assert [r.method for r in site.proxy.requests].count("PUT") == 2
