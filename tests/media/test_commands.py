"""movemedia and erasemedia: whole, as the storage would store it, and again without harm."""

import random

import pytest

NAMES = {
    "photos/2024/a b.jpg": b"a picture",
    "page.html": b"<script>",
    "한국어.txt": "파일".encode(),
    "empty.bin": b"",
    "large.bin": random.Random(1).randbytes(9 * 2**20),
    **{f"many/{number}.txt": f"{number}".encode() for number in range(40)},
}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "old-media"
    for name, content in NAMES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def move(site, *arguments, **options):
    return site.run("python", "manage.py", "movemedia", *map(str, arguments), **options)


def test_a_folder_is_shown_first_and_copied_with_types_and_dispositions(site, folder):
    site = site()
    shown = move(site, folder)
    assert f"{len(NAMES)} to copy" in shown and "Would copy" in shown and "more" in shown
    assert site.keys() == set()
    done = move(site, folder, "--copy")
    assert f"{len(NAMES)} files copied and verified" in done
    assert {key.removeprefix("media/"): site.read(key) for key in site.keys()} == NAMES
    page = site.s3.head_object(Bucket=site.bucket, Key="media/page.html")
    assert (page["ContentType"], page["ContentDisposition"]) == ("text/html", "attachment")
    picture = site.s3.head_object(Bucket=site.bucket, Key="media/photos/2024/a b.jpg")
    assert picture["ContentType"] == "image/jpeg" and "ContentDisposition" not in picture
    assert picture["CacheControl"] == "private, no-cache"
    # Again: nothing is sent.
    site.proxy.kinds()
    again = move(site, folder, "--copy")
    assert "0 to copy" in again and f"{len(NAMES)} there already" in again
    assert "PUT" not in site.proxy.kinds()


def test_an_interrupted_run_is_resumed(site, folder):
    site = site()
    refused = {f"media/many/{number}.txt" for number in range(20)}
    site.proxy.break_it = lambda r: 403 if r.method == "PUT" and r.key in refused else None
    failed = move(site, folder, "--copy", status=1)
    assert "20 files were not copied" in failed and "AccessDenied" in failed
    assert len(failed) < 5000
    site.proxy.break_it = lambda request: None
    site.proxy.kinds()
    assert "20 files copied and verified" in move(site, folder, "--copy")
    assert site.proxy.kinds()["PUT"] == 20
    assert len(site.keys()) == len(NAMES)


def test_a_file_that_is_there_with_other_content_stays_and_is_named(site, folder):
    site = site()
    same_size = b"x" * len(NAMES["page.html"])
    site.s3.put_object(Bucket=site.bucket, Key="media/page.html", Body=same_size)
    output = move(site, folder, "--copy", status=1)
    assert "Exists with other content: page.html" in output
    assert site.read("media/page.html") == same_size
    assert len(site.keys()) == len(NAMES)


def test_a_prefix_is_copied_by_s3_itself_into_another_storage(site, folder):
    site = site()
    move(site, folder, "--copy")
    site.proxy.kinds()
    output = move(site, f"s3://{site.bucket}/media/", "--storage", "public", "--copy")
    assert f"{len(NAMES)} files copied and verified" in output
    assert "GET" not in site.proxy.kinds()
    moved = {key.removeprefix("public/"): site.read(key) for key in site.keys("public/")}
    assert moved == NAMES
    page = site.s3.head_object(Bucket=site.bucket, Key="public/page.html")
    assert (page["ContentType"], page["CacheControl"]) == ("text/html", "public, no-cache")


def test_what_cannot_be_done_is_refused_in_a_sentence(site):
    site = site()
    cases = {
        "nowhere is not a folder": ["movemedia", "nowhere"],
        "s3://bucket/prefix": ["movemedia", "s3://"],
        "and the storage's 'media/' overlap": ["movemedia", f"s3://{site.bucket}/"],
        "'media/' overlap": ["movemedia", f"s3://{site.bucket}/media/photos"],
        "STORAGES has default": ["movemedia", ".", "--storage", "none"],
        "not an S3MediaStorage": ["movemedia", ".", "--storage", "staticfiles"],
        "not a number of files": ["movemedia", ".", "--workers", "0"],
        "--prefix": ["erasemedia", "folder/", "--erase"],
        "denied": ["erasemedia", "../static/x", "--erase"],
        "1 of 1 names: no version exists": ["erasemedia", "none", "--erase"],
    }
    messages = site.call("commands.call_each", list(cases.values()))
    for said, message in zip(cases, messages, strict=True):
        assert said in message


def test_erasing_removes_every_version_of_a_file_and_of_no_other(site):
    site = site()
    versioning = {"Status": "Enabled"}
    site.s3.put_bucket_versioning(Bucket=site.bucket, VersioningConfiguration=versioning)
    site.call("commands.save_versions")

    def versions(prefix):
        found = site.s3.list_object_versions(Bucket=site.bucket, Prefix=prefix)
        return len(found.get("Versions", []) + found.get("DeleteMarkers", []))

    def erase(*arguments, **options):
        return site.run("python", "manage.py", "erasemedia", *arguments, **options)

    assert versions("media/a.txt") == 4
    assert "Would erase media/a.txt: 3 versions" in erase("a.txt")
    assert versions("media/a.txt") == 4
    assert "Erased media/a.txt: 3 versions" in erase("a.txt", "--erase")
    assert versions("media/a.txt") == 1
    assert "folder/2: 1 version" in erase("folder/", "--prefix", "--erase")
    assert versions("media/folder/") == 0
