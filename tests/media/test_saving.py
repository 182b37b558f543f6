"""Saving: the name where it is free, another one where not, and never over another file."""

import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read(), response.headers


def test_saves_of_one_name_at_once_never_replace_each_other(site):
    site = site()
    saved = {}
    with ThreadPoolExecutor(4) as processes:
        for names in processes.map(lambda me: site.call("saving.save_at_once", me), range(4)):
            saved |= names
    requests = site.proxy.kinds()
    # 400 find their name taken, but for one. The first save of a process looks whether the store
    # honours If-None-Match.
    assert requests.pop("PUT") <= 800 + 4 * 16
    assert requests.pop("HEAD") <= 2 * 4 * 16 and not requests
    assert len(saved) == 400 and "photos/image.jpg" in saved
    assert site.keys("media/") == {f"media/{name}" for name in saved}
    for name, text in saved.items():
        assert name.startswith("photos/image") and name.endswith(".jpg")
        assert site.read(f"media/{name}").decode() == text


NAMES = [
    "plain.txt",
    "with space.txt",
    "한국어 파일.txt",
    "😀🎉.txt",
    "e\u0301 in two.txt",
    "\u00e9 in one.txt",
    "100%.txt",
    "a%20b.txt",
    "a+b=c&d.txt",
    "#1?.txt",
    "it's (1) [x] {y} ~^`!,;@$.txt",
    "folder/of its own/폴더.txt",
    "no-extension",
    "UPPER.TXT",
    ".hidden",
    "archive.tar.gz",
    "x" * 180 + ".txt",
    "가" * 60 + ".txt",
]


@pytest.mark.parametrize("answers", [{}, {"media_acl": "public-read"}], ids=["private", "public"])
def test_any_name_is_saved_listed_linked_and_deleted(site, answers):
    site = site(**answers)
    site.allow_everyone_to_read("media/*" if answers else "nothing/*")
    files = site.call("saving.save_and_look_at_each", NAMES)
    for number, (name, file) in enumerate(zip(NAMES, files, strict=True)):
        assert file["name"] == name
        assert file["content"] == str(number) and file["size"] == len(str(number))
        assert file["listed"] and file["exists"], name
        body, headers = fetch(file["url"])
        assert body.decode() == str(number)
        assert headers["Content-Encoding"] is None
    assert site.keys("media/") == {f"media/{file['name']}" for file in files}
    assert ("X-Amz-Signature" in files[0]["url"]) == (not answers)
    site.call("media.delete_each", *(file["name"] for file in files))
    assert site.keys("media/") == set()


def test_a_long_name_is_cut_before_what_makes_it_unique(site):
    latin, hangul, short, error = site().call("saving.shorten_names")
    assert len(latin) == len(hangul) == 100
    assert latin.startswith("photos/xxxx") and latin.endswith(".jpeg")
    assert short.startswith("short_")
    assert latin[-18] == hangul[-18] == "_"
    assert "100 characters" in error


def test_the_name_decides_the_type_and_pages_are_downloads(site):
    site = site()
    expected = {
        "photo.png": ("image/png", None),
        "photo.webp": ("image/webp", None),
        "film.mp4": ("video/mp4", None),
        "paper.pdf": ("application/pdf", None),
        "notes.txt": ("text/plain", None),
        "page.html": ("text/html", "attachment"),
        "page.HTM": ("text/html", "attachment"),
        "page.xhtml": ("application/xhtml+xml", "attachment"),
        "image.svg": ("image/svg+xml", "attachment"),
        "data.xml": ("application/xml", "attachment"),
        "script.js": ("text/javascript", "attachment"),
        "unknown.thing": ("application/octet-stream", "attachment"),
        "archive.tar.gz": ("application/gzip", "attachment"),
        "data:text/html,.png": ("image/png", None),
        "none": ("application/octet-stream", "attachment"),
    }
    names = site.call("saving.save_as_pages", list(expected))
    for name, (media_type, disposition) in zip(names, expected.values(), strict=True):
        head = site.s3.head_object(Bucket=site.bucket, Key=f"media/{name}")
        assert (head["ContentType"], head.get("ContentDisposition")) == (media_type, disposition)
        assert "ContentEncoding" not in head


def test_a_free_name_costs_one_put_and_a_taken_one_two(site):
    site = site()
    free, taken, field, name = site.call("saving.save_under_free_and_taken_names")
    assert free == ["report.pdf", ["PUT"]]
    assert taken[0].startswith("report_") and taken[1] == ["PUT", "PUT"]
    assert field[1] == ["PUT"]
    assert name.startswith("photos/report_") and name.endswith(".pdf") and len(name) == 30
    assert site.read("media/report.pdf") == b"1" and site.read(f"media/{taken[0]}") == b"2"


def test_a_large_file_never_replaces_another_either(site):
    site = site()
    (first, second), sizes = site.call("saving.save_large_twice")
    assert first == "film.mp4" and second.startswith("film_")
    assert sizes == [9 * 2**20, 9 * 2**20 - 1]
    # It is looked for before its bytes are sent, not after them.
    creates = [r for r in site.proxy.requests if r.method == "POST" and "uploads" in r.query]
    assert [r.key for r in creates] == ["media/film.mp4", f"media/{second}"]


def test_a_name_that_is_taken_while_a_large_file_is_sent_stays_the_others(site):
    site = site()

    def take_the_name(request):
        if request.query.get("partNumber") == ["2"]:
            site.s3.put_object(Bucket=site.bucket, Key="media/film.mp4", Body=b"another's")

    site.proxy.break_it = take_the_name
    name = site.call("media.save_bytes", "film.mp4", 9 * 2**20)
    assert name.startswith("film_")
    assert site.read("media/film.mp4") == b"another's"
    assert (
        site.s3.head_object(Bucket=site.bucket, Key=f"media/{name}")["ContentLength"] == 9 * 2**20
    )
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


def test_a_store_that_ignores_the_condition_is_found_out_once_and_asked_before_each_save(site):
    site = site()
    names, requests = site.call("saving.save_without_condition")
    assert len(set(names)) == 6 and names[0] == "a.txt"
    assert {site.read(f"media/{name}").decode() for name in names} == set("012345")
    assert requests == ["HEAD", "PUT", "PUT"] + ["HEAD", "PUT"] * 5


def test_a_repeated_try_knows_the_object_that_it_made_itself(site):
    site = site()
    # S3 stores the object, and its answer is lost: the second try finds the name taken.
    faults = iter(["lost answer"])
    site.proxy.break_it = lambda r: (
        next(faults, None) if r.key == "media/b.txt" and (r.method == "PUT") else None
    )
    assert site.call("media.save_each", ["warm.txt", ""], ["b.txt", "b"]) == ["warm.txt", "b.txt"]
    assert site.keys("media/b") == {"media/b.txt"}


def test_a_conflict_with_another_request_is_tried_again(site):
    site = site()
    faults = iter([409, 409])
    site.proxy.break_it = lambda r: next(faults, None) if r.method == "PUT" else None
    assert site.call("media.save", "a.txt", "a") == "a.txt"
    assert site.read("media/a.txt") == b"a"


def test_a_subclass_may_choose_names_as_in_django(site):
    site = site()
    free, taken, numbered, replaced, first, second = site.call("saving.choose_names")
    assert free == "free.txt" and taken.startswith("a_")
    assert numbered == "a-1.txt" and site.read("media/a-1.txt") == b"2"
    assert replaced == "a.txt" and site.read("media/a.txt") == b"3"
    assert first == second == "b.txt" and site.read("media/b.txt") == b"2"


@pytest.mark.parametrize("answers", [{}, {"media_acl": "public-read"}], ids=["private", "public"])
def test_browsers_ask_whether_an_exact_name_changed_and_keep_a_unique_one(site, answers):
    site = site(**answers)
    exact, unique = site.call("media.save_each", ["a.txt", "1"], ["a.txt", "2"])
    heads = [site.s3.head_object(Bucket=site.bucket, Key=f"media/{n}") for n in (exact, unique)]
    who, life = ("public", 365 * 86400) if answers else ("private", 3600)
    assert [head["CacheControl"] for head in heads] == [
        f"{who}, no-cache",
        f"{who}, max-age={life}, immutable",
    ]


def test_bytes_of_every_kind_and_of_unknown_size_are_stored_as_they_are(site):
    site = site()
    assert "int" in site.call("saving.save_contents_of_every_kind")
    read = {key.removeprefix("media/"): site.read(key) for key in site.keys("media/")}
    assert read.pop("page") == b"from a URL" * 900_000
    assert read == {
        "chunks": b"bytes",
        "text": "é".encode(),
        "bytesio": b"bytes",
        "empty": b"",
        "pipe": b"through a pipe",
    }
