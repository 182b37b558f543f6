"""collectstatic: what it sends, in how many requests, and what it leaves when something breaks."""

import gzip
import itertools
import json
import os
import random
import shutil
import signal
import time

import pytest

from benchmarks import workload
from tests.static.project import compress

SMALL = {
    "site.css": '@import "theme.css";\nbody { background: url(img/logo.svg) }',
    "theme.css": ".a { color: red }",
    "app.js": 'import { b } from "./b.js";\n//# sourceMappingURL=app.js.map',
    "app.js.map": "{}",
    "b.js": "export const b = 1",
    "img/logo.svg": "<svg/>",
}


def puts(site):
    return [request.key for request in site.proxy.requests if request.method == "PUT"]


def hashed(site):
    return {f"static/{name}" for name in site.live_manifest().values()}


def originals(names):
    return {f"static/{name}" for name in names}


def manifests(site):
    """The keys of the release's own manifest and of the newest one, in the order of sending."""
    release = json.loads(site.read("static/staticfiles.json"))["hash"]
    return [f"static/staticfiles.{release}.json", "static/staticfiles.json"]


# --- Requests --------------------------------------------------------------


def test_the_first_publish_sends_each_file_and_the_manifests_last(site):
    site = site()
    site.write(SMALL)
    output = site.collectstatic()
    sent = puts(site)
    assert set(sent[:-2]) == hashed(site) | originals(SMALL)
    assert len(sent) == 2 * len(SMALL) + 2
    assert sent[-2:] == manifests(site)
    assert site.proxy.kinds() == {"LIST": 1, "GET": 1, "PUT": len(sent)}
    assert site.live_manifest().keys() == SMALL.keys()
    assert "6 static files" in output and "12 uploaded" in output
    assert f"Release {site.local_manifest()['hash']}." in output


def test_originals_can_be_turned_off(site):
    site = site()
    site.configure("publish_originals = False")
    site.write(SMALL)
    site.collectstatic()
    assert site.keys() == hashed(site) | set(manifests(site))
    site.proxy.kinds()
    site.collectstatic()
    assert site.proxy.kinds() == {"LIST": 1, "GET": 1}


def test_nothing_but_the_manifest_is_copied(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    assert sorted(os.listdir(site.folder / "staticfiles")) == [
        "staticfiles.cache.json",
        "staticfiles.json",
    ]


@pytest.mark.parametrize("stage", ["warm", "cold"])
def test_an_unchanged_publish_only_looks(site, stage):
    site = site()
    workload.generate(site.assets, 700)
    site.collectstatic()
    before, manifest = site.keys(), site.local_manifest()
    if stage == "cold":
        shutil.rmtree(site.folder / "staticfiles")
    site.proxy.kinds()
    assert "700 static files" in site.collectstatic()
    # One page of the listing for each thousand objects, and the newest manifest.
    assert len(before) == 1402
    assert site.proxy.kinds() == {"LIST": 2, "GET": 1}
    assert site.keys() == before
    assert site.local_manifest() == manifest


def test_one_changed_file_sends_what_changed(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    before = site.live_manifest()
    site.proxy.kinds()
    site.write({"img/logo.svg": "<svg>new</svg>"})
    site.collectstatic()
    after = site.live_manifest()
    changed = {name for name in SMALL if before[name] != after[name]}
    assert changed == {"img/logo.svg", "site.css"}
    new = {f"static/{after[name]}" for name in changed}
    assert sorted(puts(site)) == sorted([*new, "static/img/logo.svg", *manifests(site)])
    assert site.read("static/img/logo.svg") == b"<svg>new</svg>"
    # The release before is whole, too.
    assert {f"static/{name}" for name in before.values()} <= site.keys()


def test_going_back_to_an_earlier_release_sends_originals_alone(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    first = site.live_manifest()
    site.write({"theme.css": ".a { color: blue }"})
    site.collectstatic()
    site.write(SMALL)
    site.proxy.requests.clear()
    site.collectstatic()
    assert site.live_manifest() == first
    # The release's own manifest, too: prunestatic goes by its age.
    assert puts(site) == ["static/theme.css", *manifests(site)]
    assert site.read("static/theme.css").decode() == SMALL["theme.css"]


@pytest.mark.parametrize("cached", [True, False])
def test_an_original_that_is_not_what_it_was_is_sent_again(site, cached):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    # A publish that was killed sends originals, and no manifest.
    site.s3.put_object(Bucket=site.bucket, Key="static/theme.css", Body=b".a { color: new }")
    site.s3.delete_object(Bucket=site.bucket, Key="static/b.js")
    if not cached:
        (site.folder / "staticfiles" / "staticfiles.cache.json").unlink()
    site.proxy.requests.clear()
    site.collectstatic()
    assert set(puts(site)) == {"static/theme.css", "static/b.js"}
    assert site.read("static/theme.css").decode() == SMALL["theme.css"]


def test_originals_that_a_killed_publish_sent_are_known_by_their_etags(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    site.s3.delete_object(Bucket=site.bucket, Key="static/staticfiles.json")
    site.proxy.requests.clear()
    site.collectstatic()
    assert set(puts(site)) == set(manifests(site))


def test_a_file_that_somebody_removed_from_the_bucket_is_sent_again(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    name = site.live_manifest()["theme.css"]
    site.s3.delete_object(Bucket=site.bucket, Key=f"static/{name}")
    site.proxy.requests.clear()
    site.collectstatic()
    assert puts(site) == [f"static/{name}"]


def test_an_edit_that_keeps_size_and_time_is_noticed(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    path = site.assets / "theme.css"
    times = path.stat()
    path.write_text(".a { color: tan }")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_size == times.st_size
    site.collectstatic()
    assert site.read(f"static/{site.live_manifest()['theme.css']}") == path.read_bytes()


CHANGES = [
    {"c.css": '@import "d.css";'},
    {"a.css": '@import "b.css"; /* new */'},
    {"d.css": "d { color: blue }"},
    {"b.css": "b {}"},
    {"e.css": '@import "a.css";', "b.css": '@import "c.css";'},
    {"d.css": "d { color: red }"},
    # Circles open and close.
    {"d.css": '@import "a.css";', "c.css": '@import "d.css";'},
    {"c.css": '@import "d.css"; /* changed */'},
    {"d.css": "d {}"},
]


def test_after_any_change_the_names_are_those_of_a_fresh_start(site):
    site = site()
    site.write({"a.css": '@import "b.css";', "b.css": '@import "c.css";', "c.css": "c {}"})
    site.write({"d.css": "d { color: red }"})
    site.collectstatic()
    results = site.call("publishing.publish_changes_with_and_without_cache", CHANGES)
    assert results[::2] == results[1::2]
    assert len({json.dumps(names) for names in results}) == len(CHANGES)


def test_a_reference_to_a_file_that_was_removed_is_found(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    (site.assets / "theme.css").unlink()
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    assert "assets/site.css:1: 'theme.css': there is no static file theme.css" in output


# --- Options of collectstatic ----------------------------------------------


def test_a_dry_run_sends_and_writes_nothing(site):
    site = site()
    site.write(SMALL)
    site.collectstatic("--dry-run")
    assert site.proxy.kinds() == {}
    assert not (site.folder / "staticfiles").exists()


@pytest.mark.parametrize("option", ["--no-post-process", "--link"])
def test_options_for_local_copies_are_refused(site, option):
    site = site()
    site.write(SMALL)
    output = site.run("python", "manage.py", "collectstatic", "--noinput", option, status=1)
    assert f"{option} is for local copies" in output and "--dry-run" in output
    assert site.proxy.kinds() == {}
    assert not (site.folder / "staticfiles").exists()


def test_clearing_forgets_what_is_known_here_and_nothing_in_the_bucket(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    expected, keys = site.live_manifest(), site.keys()
    site.proxy.kinds()
    site.collectstatic("--clear")
    assert site.proxy.kinds() == {"LIST": 1, "GET": 1}
    assert site.live_manifest() == expected and site.keys() == keys
    assert site.local_manifest()["paths"] == expected


def test_output_is_where_and_what_and_nothing_when_quiet(site):
    site = site()
    site.write(SMALL)
    assert site.collectstatic("-v0") == ""
    assert len(site.collectstatic().strip().splitlines()) == 2
    assert "Post-processed 'theme.css' as 'theme." in site.collectstatic("-v2")


def test_a_terminal_shows_how_far_the_uploads_are(site):
    pexpect = pytest.importorskip("pexpect")
    site = site()
    site.write(SMALL)
    output = pexpect.run(
        "python manage.py collectstatic --noinput",
        cwd=str(site.folder),
        env=site.environment(),
        timeout=60,
        encoding="utf-8",
    )
    assert "Publishing [" in output and "12/12" in output and "12 uploaded" in output


# --- Headers ---------------------------------------------------------------


TYPES = {
    "a.css": "text/css; charset=utf-8",
    "a.js": "text/javascript; charset=utf-8",
    "a.mjs": "text/javascript; charset=utf-8",
    "a.js.map": "application/json; charset=utf-8",
    "a.webmanifest": "application/manifest+json; charset=utf-8",
    "a.svg": "image/svg+xml; charset=utf-8",
    "a.woff2": "font/woff2",
    "a.webp": "image/webp",
    "a.avif": "image/avif",
    "a.wasm": "application/wasm",
    "a.ico": "image/x-icon",
    "a.tar.gz": "application/gzip",
    "no-extension": "application/octet-stream",
}


def test_files_have_types_that_browsers_take_and_hashed_ones_are_cached_permanently(site):
    site = site()
    site.write(dict.fromkeys(TYPES, "/* */"))
    site.collectstatic()
    for name, hashed_name in site.live_manifest().items():
        head = site.s3.head_object(Bucket=site.bucket, Key=f"static/{hashed_name}")
        assert head["ContentType"] == TYPES[name]
        assert head["CacheControl"] == "public, max-age=31536000, immutable"
        original = site.s3.head_object(Bucket=site.bucket, Key=f"static/{name}")
        assert original["ContentType"] == TYPES[name]
        assert original["CacheControl"] == "public, max-age=300"
    for key in manifests(site):
        assert site.s3.head_object(Bucket=site.bucket, Key=key)["CacheControl"] == "no-cache"


@pytest.mark.parametrize("cdn_domain", ["", "cdn.example.com"])
def test_text_is_gzipped_unless_a_cdn_does_it(site, cdn_domain):
    site = site()
    text = "body { color: red }\n" * 100
    site.write(dict.fromkeys(TYPES, text) | {"small.css": "a {}", "noise.svg": os.urandom(2000)})
    site.collectstatic(AWS_S3_CUSTOM_DOMAIN=cdn_domain)
    packed = {"a.css", "a.js", "a.mjs", "a.js.map", "a.webmanifest", "a.svg"}
    for name, hashed_name in site.live_manifest().items():
        objects = [
            site.s3.get_object(Bucket=site.bucket, Key=f"static/{key}")
            for key in (name, hashed_name)
        ]
        bodies = [found["Body"].read() for found in objects]
        if name.endswith(".mjs"):
            # The plain name of a module only leads to the hashed one.
            objects, bodies = objects[1:], bodies[1:]
        assert bodies[0] == bodies[-1]
        if name in packed and not cdn_domain:
            assert {found["ContentEncoding"] for found in objects} == {"gzip"}
            assert gzip.decompress(bodies[0]).decode() == text and len(bodies[0]) < 100
        else:
            assert not any("ContentEncoding" in found for found in objects)
            assert bodies[0] == (site.assets / name).read_bytes()


def test_gzipped_bytes_are_the_same_at_any_time():
    text = b"body { color: red }\n" * 100
    assert compress(text) == compress(text) and gzip.decompress(compress(text)) == text
    # No time and no system in the header.
    assert compress(text)[4:10] == bytes(4) + b"\0\xff"


@pytest.mark.parametrize(
    ("ownership", "acl"), [("BucketOwnerEnforced", None), ("BucketOwnerPreferred", "public-read")]
)
def test_an_acl_is_sent_only_to_a_bucket_that_has_acls(site, ownership, acl):
    site = site(object_ownership=ownership)
    site.write(SMALL)
    site.collectstatic()
    sent = [request for request in site.proxy.requests if request.method == "PUT"]
    assert {request.headers["x-amz-acl"] for request in sent} == {acl}
    for name, hashed_name in site.live_manifest().items():
        if name in ("theme.css", "b.js", "img/logo.svg"):
            assert site.read(f"static/{hashed_name}").decode() == SMALL[name]


def ask_for_checksum(request):
    """Answer as AWS does for a bucket with Object Lock and a default retention."""
    sends = request.kind in ("PUT", "PART")
    if not sends or {"content-md5", "x-amz-checksum-sha256"} & {*map(str.lower, request.headers)}:
        return None
    body = (
        b"<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP header is "
        b"required for Put Object requests with Object Lock parameters</Message></Error>"
    )
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/xml\r\n"
    return "answer", head + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("store", ["Amazon S3", "another"])
def test_a_bucket_with_object_lock_gets_the_checksums_that_it_asks_for(site, store):
    site = site()
    site.proxy.break_it = ask_for_checksum
    site.write(SMALL | {"film.mp4": os.urandom(17 * 2**20)})  # as well in parts
    if store == "Amazon S3":
        site.call("publishing.publish_as_to_amazon")
    else:
        site.collectstatic(AWS_CHECKSUM_ALGORITHM="SHA256")  # as docs/uploads.md says
    assert "PART" in site.proxy.kinds()
    assert site.read(f"static/{site.live_manifest()['theme.css']}").decode() == SMALL["theme.css"]


def test_names_of_any_kind_arrive(site):
    site = site()
    names = [
        "a b.txt",
        "한글.txt",
        "😀.txt",
        "e\u0301.txt",
        "\u00e9.txt",
        "100%.txt",
        "a+b&c=d.txt",
    ]
    names += [
        "#hash.txt",
        "what?.txt",
        "it's (1).txt",
        "[x]{y}.txt",
        "a@2x.png",
        "~tilde^.txt",
        "a%20b.txt",
    ]
    site.write({name: name for name in names})
    site.collectstatic()
    for name, hashed_name in site.live_manifest().items():
        assert site.read(f"static/{hashed_name}").decode() == name
    site.proxy.kinds()
    site.collectstatic()
    assert "PUT" not in site.proxy.kinds()


# --- What breaks -----------------------------------------------------------


def test_each_failed_upload_is_named_and_no_manifest_is_written(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    before, here = site.live_manifest(), site.local_manifest()
    site.write({"theme.css": ".b {}", "b.js": "export const b = 2", "new.txt": "new"})
    site.proxy.break_it = lambda request: (
        403 if request.method == "PUT" and request.key.endswith((".css", ".txt")) else None
    )
    site.proxy.requests.clear()
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    refused = {key for key in puts(site) if key.endswith((".css", ".txt"))}
    assert len(refused) == 5
    for key in refused:
        assert f"  {key.removeprefix('static/')}\n" in output
    assert output.count("AccessDenied:") == 1 and "s3doctor" in output and "Traceback" not in output
    assert site.live_manifest() == before
    assert site.local_manifest() == here

    site.proxy.break_it = lambda request: None
    site.collectstatic()
    assert site.live_manifest().keys() == SMALL.keys() | {"new.txt"}


@pytest.mark.parametrize("fault", [503, "reset", "lost answer"])
def test_one_request_in_five_may_fail(site, fault):
    site = site()
    workload.generate(site.assets, 150)
    chance = random.Random(1)
    site.proxy.break_it = lambda request: fault if chance.random() < 0.2 else None
    site.collectstatic()
    assert len(site.live_manifest()) == 150
    for name, hashed_name in itertools.islice(site.live_manifest().items(), 20):
        if name.endswith((".png", ".webp")):
            assert site.read(f"static/{hashed_name}") == (site.assets / name).read_bytes()


def test_killed_in_the_middle_the_release_before_is_whole(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    before, here = site.live_manifest(), site.local_manifest()
    workload.generate(site.assets, 150)
    count = itertools.count()
    site.proxy.break_it = lambda request: (
        "hang" if request.method == "PUT" and next(count) >= 60 else None
    )
    site.proxy.requests.clear()
    process = site.start("python", "manage.py", "collectstatic", "--noinput")
    deadline = time.monotonic() + 30
    while len(puts(site)) < 90:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert site.live_manifest() == before
    assert site.local_manifest() == here

    site.proxy.break_it = lambda request: None
    site.proxy.requests.clear()
    site.collectstatic()
    # It goes on where the other was killed.
    assert len(puts(site)) < 270
    assert len(site.live_manifest()) == sum(path.is_file() for path in site.assets.rglob("*"))


def test_a_bucket_that_cannot_be_listed_says_so(site):
    site = site()
    site.write(SMALL)
    output = site.run(
        *("python", "manage.py", "collectstatic", "--noinput"),
        status=1,
        AWS_SECRET_ACCESS_KEY="wrong",
    )
    assert f"Cannot list s3://{site.bucket}/static/" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b'{"pages": 1}'])
def test_a_manifest_that_is_none_is_named(site, body):
    site = site()
    site.write(SMALL)
    site.s3.put_object(Bucket=site.bucket, Key="static/staticfiles.json", Body=body)
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    assert f"Cannot read s3://{site.bucket}/static/staticfiles.json: it is not a manifest" in output
    assert site.read("static/staticfiles.json") == body


# --- Run time --------------------------------------------------------------


def make_urls(site, **options):
    """Make the URL of a file three times in one process."""
    return site.call("media.make_static_urls", *["theme.css"] * 3, **options)


def test_with_a_local_manifest_a_page_needs_no_request(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    site.proxy.kinds()
    first, *others = make_urls(site)
    assert first == f"{site.proxy.url}/{site.bucket}/static/{site.live_manifest()['theme.css']}"
    assert others == [first, first]
    assert site.proxy.kinds() == {}


def test_without_one_it_reads_the_buckets_once(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    expected = make_urls(site)
    (site.folder / "staticfiles" / "staticfiles.json").unlink()
    site.proxy.kinds()
    assert make_urls(site) == expected
    assert site.proxy.kinds() == {"GET": 1}


def test_with_none_at_all_it_says_what_to_do(site):
    site = site()
    output = make_urls(site, status=1)
    assert f"s3://{site.bucket}/static/staticfiles.json" in output
    assert "collectstatic" in output.splitlines()[-1]


def test_a_process_without_a_manifest_reads_that_of_its_release(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    first, expected = site.local_manifest()["hash"], make_urls(site)
    site.write({"theme.css": ".a { color: blue }", "new.css": ""})
    site.collectstatic()
    (site.folder / "staticfiles" / "staticfiles.json").unlink()
    site.proxy.kinds()
    assert make_urls(site, S3_STATIC_RELEASE=first) == expected
    assert site.proxy.kinds() == {"GET": 1}
    # Without one it says that it shows the newest.
    output = site.call("publishing.make_url_and_stop", status=3)
    assert "so the newest release of the bucket is shown" in output
    # A local manifest of another release does not win.
    site.collectstatic("--manifest-only")
    assert make_urls(site, S3_STATIC_RELEASE=first) == expected


@pytest.mark.parametrize("release", ["0123456789ab", "newest", "../secret"])
def test_a_release_that_is_not_there_is_an_error(site, release):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    output = make_urls(site, status=1, S3_STATIC_RELEASE=release)
    assert f"S3_STATIC_RELEASE is '{release}', but" in output.splitlines()[-1]


def test_a_manifest_needs_neither_credentials_nor_network(site):
    site = site()
    site.write(SMALL)
    output = site.collectstatic(
        "--manifest-only",
        AWS_ACCESS_KEY_ID="",
        AWS_SECRET_ACCESS_KEY="",
        AWS_S3_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_EC2_METADATA_DISABLED="true",
        DJANGO_SECRET_KEY="dummy",
    )
    assert "6 static files in " in output and "none sent" in output
    built = site.local_manifest()
    # The deploy then publishes the same release.
    assert site.proxy.kinds() == {}
    assert f"Release {built['hash']}." in site.collectstatic()
    assert site.live_manifest() == built["paths"] == site.local_manifest()["paths"]


def test_a_manifest_alone_cannot_be_a_dry_run(site):
    site = site()
    output = site.run(
        "python", "manage.py", "collectstatic", "--noinput", "--manifest-only", "-n", status=1
    )
    assert "leave out --dry-run" in output


def test_files_may_be_processed_twice_in_one_process(site):
    site = site()
    site.write(SMALL)
    first, second = site.call("publishing.process_twice")
    assert first == second and len(first) == len(SMALL)


def test_the_local_manifest_is_djangos(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    manifest = site.local_manifest()
    assert manifest["version"] == "1.1"
    assert manifest.keys() == {"version", "paths", "hash"}
    assert json.loads(site.read("static/staticfiles.json"))["hash"] == manifest["hash"]


def test_a_read_only_disk_publishes_and_says_which_release_to_show(site):
    site = site()
    site.write(SMALL)
    with (site.folder / "config" / "test_settings.py").open("a") as settings:
        settings.write("STATIC_ROOT = '/proc/nobody-may-write-here'\n")
    output = site.collectstatic()
    release = json.loads(site.read("static/staticfiles.json"))["hash"]
    assert f"S3_STATIC_RELEASE={release}" in output and "12 uploaded" in output
    site.live_manifest()
    url, *_ = make_urls(site, S3_STATIC_RELEASE=release)
    assert url.endswith(site.live_manifest()["theme.css"])
    options = ("collectstatic", "--noinput", "--manifest-only")
    output = site.run("python", "manage.py", *options, status=1)
    assert "Cannot write to /proc/nobody-may-write-here" in output


ABSOLUTE = {
    "css/site.css": "a { background: url(/static/img/star.svg?v=1), url(/static/lost.svg) }\n"
    "b { background: url(/other/img/star.svg) }",
    "img/star.svg": "<svg/>",
    "js/app.js": 'import "/static/js/lib.js";\nlet base = "/static/img/";\n'
    'let other = "/static/lost/";',
    "js/lib.js": "export const a = 1",
}


def test_urls_of_development_become_relative_whatever_the_address_is(site):
    site = site()
    site.write(ABSOLUTE)
    built = site.collectstatic("--manifest-only", DJANGO_DEBUG="on")
    manifest = site.local_manifest()
    output = site.collectstatic()
    names = site.live_manifest()
    assert names == manifest["paths"] == site.local_manifest()["paths"]
    star, lib = (names[name].rpartition("/")[2] for name in ("img/star.svg", "js/lib.js"))
    assert site.read(f"static/{names['css/site.css']}").decode() == (
        f'a {{ background: url("../img/{star}?v=1"), url(/static/lost.svg) }}\n'
        "b { background: url(/other/img/star.svg) }"
    )
    script = site.read(f"static/{names['js/app.js']}").decode()
    assert script.startswith(f'import"./{lib}";\nlet base = "/static/img/";')
    # What a script puts together by itself leads elsewhere in the bucket: said each time.
    for said in (built, output, site.collectstatic()):
        assert f"{site.assets}/js/app.js:2: '/static/img/' does not lead to the bucket" in said
        assert 'Vite: base: "./"' in said and "lost" not in said
