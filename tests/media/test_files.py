"""Objects as open files: every mode, all bytes or an error, and memory that stays small."""

import pytest


def test_a_file_can_be_read_in_every_way(site):
    site = site()
    result = site.call("files.read_in_every_way")
    assert result.pop("size") == 9 * 2**20
    assert result.pop("lines") == ["한글\n", "zwei\n"]
    assert result.pop("name") == "big.bin"
    assert all(result.values())


def test_opening_and_reading_a_file_is_one_request(site):
    site = site()
    name = site.call("files.save_hello")
    site.proxy.kinds()
    assert site.call("files.read_text", name) == "hello"
    assert site.proxy.kinds() == {"GET": 1}


def test_a_cut_download_goes_on_where_it_was_cut(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/big.bin", Body=bytes(range(256)) * 20_000)
    cuts = iter(["cut", "cut"])
    site.proxy.break_it = lambda request: next(cuts, None)
    assert site.call("files.reads_all_bytes_in_order", "big.bin", 20_000)
    ranges = [request.headers["Range"] for request in site.proxy.requests]
    assert ranges[0] is None and len(ranges) == 3 and all(ranges[1:])


def test_a_missing_file_is_a_file_not_found_error(site):
    output = site().call("files.read_text", "none.txt", status=1)
    assert "FileNotFoundError: [Errno 2] No such object on S3: 'media/none.txt'" in output


def test_a_file_appears_when_it_is_closed_or_never(site):
    site = site()
    assert "'ab'" in site.call("files.write_and_close_or_not")
    assert site.keys() == {"media/small.bin", "media/large.bin", "media/empty.bin"}
    assert site.read("media/small.bin").decode() == "новый"
    assert site.s3.head_object(Bucket=site.bucket, Key="media/large.bin")["ContentLength"] == (
        20 * 2**20
    )
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


@pytest.mark.parametrize("call", ["open", "save"])
def test_a_failed_upload_leaves_nothing(site, call):
    site = site()
    # The third part of a large file is refused each time.
    site.proxy.break_it = lambda request: 403 if request.query.get("partNumber") == ["3"] else None
    assert "AccessDenied" in site.call("files.write_large", call, status=1)
    assert site.keys() == set()
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


def test_every_kind_of_buffer_is_written(site):
    site = site()
    assert site.call("files.write_buffers") == [2, 2, 12]
    assert site.read("media/buffers.bin") == b"abcd" + bytes([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])


def test_a_file_is_written_and_read_at_once(site):
    site = site()
    lines, size, both = site.call("files.write_and_read_at_once")
    assert lines == ["eins\n", "zwei\n"] and size == 10
    assert both == "abXdef" and site.read("media/both.bin") == b"abXdef"


def test_csv_and_zipfile_write_into_a_file(site):
    assert site().call("files.write_with_csv_and_zipfile") == [[["a", "é"]], "inside"]


def test_what_python_would_refuse_to_write_is_refused(site):
    types, modes, wrong = site().call("files.write_what_is_wrong")
    assert len(types) == 3 and "mode 'w'" in types[0]
    assert modes == ["ab", "r+b", "x", "q", "rw"]
    assert not wrong


def test_a_file_is_opened_again_in_another_mode(site):
    assert site().call("files.open_again") == ["eins", "eins", "other"]


def test_errors_are_djangos_where_django_has_them(site):
    assert site().call("files.call_each_with_a_wrong_name") == {
        "open": "FileNotFoundError",
        "size": "FileNotFoundError",
        "modified": "FileNotFoundError",
        "delete": None,
        "exists": False,
        "listdir": [[], []],
        "no name": "ValueError",
        "path": "NotImplementedError",
        "url": "SuspiciousFileOperation",
        "url of all": "SuspiciousFileOperation",
        "save": "SuspiciousFileOperation",
        "above": "SuspiciousFileOperation",
        "absolute": "media/a/b/c",
    }


def test_large_files_do_not_fill_the_memory(site):
    site = site()
    # Not through the proxy, which has whole files in memory.
    endpoint = site.server["AWS_S3_ENDPOINT_URL"]
    result = site.call("files.measure_memory", AWS_S3_ENDPOINT_URL=endpoint)
    assert result["size"] == 128 * 2**20
    assert result["saved"] < 64
    assert result["read"] < 8
