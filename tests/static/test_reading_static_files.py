"""Programs read static files through the storage: for e-mail and PDF, integrity, compression."""

import pytest

from tests.static.test_publishing import SMALL

LARGE = SMALL | {"large.css": "a { color: red }\n" * 1000, "data.csv.gz": b"\x1f\x8b no csv"}


def test_the_release_is_read_from_the_bucket_each_file_once(site):
    site = site()
    site.write(LARGE)
    site.collectstatic()
    manifest = site.live_manifest()
    site.proxy.kinds()
    names = ["large.css", manifest["large.css"], "b.js", "lost.css"]
    result = site.call("reading.ask_everything", names)
    assert result["exists"] == [True, True, True, False]
    # Text is stored gzipped, and read as it was.
    assert result["text"][:3] == [LARGE["large.css"], LARGE["large.css"], LARGE["b.js"]]
    assert (
        result["text"][3] == "FileNotFoundError: There is no static file lost.css in this release."
    )
    assert result["size"][:3] == [len(LARGE["large.css"])] * 2 + [len(LARGE["b.js"])]
    assert all(abs(age) < 3600 for age in result["age"][:3])
    assert site.proxy.kinds() == {"GET": 2}
    both = {*manifest, *manifest.values()}
    assert result["root"] == [["img"], sorted(name for name in both if "/" not in name)]
    assert result["img"] == [[], sorted(n.removeprefix("img/") for n in both if "/" in n)]
    assert result["nowhere"].startswith("FileNotFoundError: There is no folder nowhere")
    assert result["path"].startswith("NotImplementedError: b.js is in the bucket")
    for change in ("save", "delete", "write"):
        assert (
            result[change].startswith("NotImplementedError") and "collectstatic" in result[change]
        )
    assert site.read("static/b.js") != b""


@pytest.mark.parametrize("zone", ["True", "False"])
def test_in_development_the_sources_are_read(site, zone):
    site = site()
    site.write(LARGE)
    with (site.folder / "config" / "test_settings.py").open("a") as settings:
        settings.write(f"USE_TZ = {zone}\n")
    result = site.call("reading.ask_everything", ["large.css", "lost.css"], DJANGO_DEBUG="on")
    assert result["exists"] == [True, False]
    assert result["text"] == [
        LARGE["large.css"],
        "FileNotFoundError: There is no static file lost.css.",
    ]
    assert result["root"] == [["img"], sorted(name for name in LARGE if "/" not in name)]
    assert result["path"] == str(site.assets / "b.js")
    assert site.call("media.make_static_urls", "b.js", DJANGO_DEBUG="on") == ["/static/b.js"]
    assert result["save"].startswith("NotImplementedError")
    assert site.proxy.kinds() == {}


def test_an_earlier_release_is_read_as_it_was(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    first = site.local_manifest()["hash"]
    site.write({"theme.css": ".new {}"})
    site.collectstatic()
    assert site.call("reading.read_text", "theme.css") == ".new {}"
    earlier = site.call("reading.read_text", "theme.css", S3_STATIC_RELEASE=first)
    assert earlier == SMALL["theme.css"]


def test_a_folder_has_a_url(site):
    """As django-jazzmin asks for one."""
    site = site()
    site.write({"vendor/bootswatch/a.css": "a {}"})
    site.collectstatic()
    base = f"{site.proxy.url}/{site.bucket}/static"
    name = site.live_manifest()["vendor/bootswatch/a.css"]
    names = ["vendor/bootswatch", "vendor", "vendor/bootswatch/a.css", "vendor/lost"]
    folder, parent, file, missing = site.call("reading.render_each", names)
    assert [folder, parent, file] == [
        f"{base}/vendor/bootswatch",
        f"{base}/vendor",
        f"{base}/{name}",
    ]
    assert missing.startswith("ValueError") and "vendor/lost" in missing
