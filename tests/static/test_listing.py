"""The listing of the bucket: its pages are asked for at once, and each of them once."""

import json
import threading

from benchmarks import workload

# With their originals and the manifests: three pages of 1,000 objects.
FILES = 1200
REMEMBERED = "staticfiles/staticfiles.cache.json"


def wait_for_each_other(site, count):
    """Have LIST requests answered when so many of them wait, of those after the first page."""
    together = threading.Barrier(count, timeout=20)

    def meet(request):
        if request.kind == "LIST" and (count == 3 or "start-after" in request.query):
            together.wait()

    site.proxy.break_it = meet


def pages(site):
    return json.loads((site.folder / REMEMBERED).read_text().partition("\n")[0])["pages"]


def test_pages_that_were_seen_before_are_listed_at_once(site):
    site = site()
    workload.generate(site.assets, FILES)
    site.collectstatic()
    keys = sorted(key.removeprefix("static/") for key in site.keys("static/"))
    assert pages(site) == [keys[999], keys[1999]]

    site.proxy.kinds()
    wait_for_each_other(site, 3)
    assert "0 uploaded" in site.collectstatic()
    assert site.proxy.kinds() == {"LIST": 3, "GET": 1}


def test_a_new_machine_learns_of_the_pages_from_the_manifest(site):
    site = site()
    workload.generate(site.assets, FILES)
    site.collectstatic()
    for path in (site.folder / "staticfiles").iterdir():
        path.unlink()

    site.proxy.kinds()
    wait_for_each_other(site, 2)
    assert "0 uploaded" in site.collectstatic()
    assert site.proxy.kinds() == {"LIST": 3, "GET": 1}


def test_pages_that_end_elsewhere_by_now_are_listed_to_their_end(site):
    site = site()
    workload.generate(site.assets, FILES)
    site.collectstatic()
    keys, [first, second] = sorted(site.keys("static/")), pages(site)
    gone = {key for key in keys if first <= key.removeprefix("static/") < f"{first}~"}
    gone |= set(keys[1200:1250])
    for key in gone:
        site.s3.delete_object(Bucket=site.bucket, Key=key)
    for number in range(30):
        site.s3.put_object(Bucket=site.bucket, Key=f"static/{second}{number}", Body=b"new")

    output = site.collectstatic()
    assert f"{len(gone)} uploaded" in output
    assert set(keys) <= site.keys("static/")
    # The manifest of the release is not written again for it.
    site.proxy.kinds()
    assert "0 uploaded" in site.collectstatic()
    assert site.proxy.kinds().keys() == {"LIST", "GET"}


def test_nothing_is_missed_if_the_store_has_another_order(site):
    """SeaweedFS lists the folder a/ before a-b/; S3 sorts by name, a-b/ before a/."""
    site = site()
    # So many that the second page is thought to begin with a/, of which the first has a part.
    for folder, count in {"0": 250, "a-b": 250, "a": 1200}.items():
        (site.assets / folder).mkdir()
        for number in range(count):
            (site.assets / folder / f"{number:04}.css").write_text(f".a{number} {{ color: red }}")
    site.collectstatic()
    keys = site.keys("static/")
    for machine in ("the same", "a new one"):
        site.proxy.kinds()
        assert "0 uploaded" in site.collectstatic(), machine
        assert site.proxy.kinds().keys() == {"LIST", "GET"}
        for path in (site.folder / "staticfiles").iterdir():
            path.unlink()
    assert site.keys("static/") == keys
    pruned = site.run("python", "manage.py", "prunestatic", "--older-than=0d")
    assert f"0 of {len(keys)} files" in pruned
