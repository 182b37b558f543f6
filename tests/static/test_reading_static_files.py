"""Programs read static files through the storage: for e-mail and PDF, integrity, compression."""

import pytest

from tests.static.test_publishing import SMALL

ASK = """
def ask(question):
    try:
        return question()
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def text(name):
    with static.open(name) as file:
        return file.read().decode()

hashed = static.hashed_files
result = {
    "exists": [static.exists(name) for name in names],
    "text": [ask(lambda: text(name)) for name in names],
    "size": [ask(lambda: static.size(name)) for name in names],
    "age": [ask(lambda: time.time() - static.get_modified_time(n).timestamp()) for n in names],
    "root": [sorted(part) for part in static.listdir("")],
    "img": [sorted(part) for part in static.listdir("img")],
    "nowhere": ask(lambda: static.listdir("nowhere")),
    "path": ask(lambda: static.path("b.js")),
    "save": ask(lambda: static.save("x.css", ContentFile(b""))),
    "delete": ask(lambda: static.delete("b.js")),
    "write": ask(lambda: static.open("b.js", "w")),
}
"""
LARGE = SMALL | {"large.css": "a { color: red }\n" * 1000, "data.csv.gz": b"\x1f\x8b no csv"}


def test_the_release_is_read_from_the_bucket_each_file_once(site):
    site = site()
    site.write(LARGE)
    site.collectstatic()
    manifest = site.live_manifest()
    site.proxy.kinds()
    names = ["large.css", manifest["large.css"], "b.js", "lost.css"]
    result = site.python(f"names = {names}\n{ASK}")
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
    result = site.python(
        f"names = ['large.css', 'lost.css']\n{ASK}\nresult['url'] = static.url('b.js')",
        DJANGO_DEBUG="on",
    )
    assert result["exists"] == [True, False]
    assert result["text"] == [
        LARGE["large.css"],
        "FileNotFoundError: There is no static file lost.css.",
    ]
    assert result["root"] == [["img"], sorted(name for name in LARGE if "/" not in name)]
    assert result["path"] == str(site.assets / "b.js") and result["url"] == "/static/b.js"
    assert result["save"].startswith("NotImplementedError")
    assert site.proxy.kinds() == {}


def test_an_earlier_release_is_read_as_it_was(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    first = site.local_manifest()["hash"]
    site.write({"theme.css": ".new {}"})
    site.collectstatic()
    read = "with static.open('theme.css') as file: result = file.read().decode()"
    assert site.python(read) == ".new {}"
    assert site.python(read, S3_STATIC_RELEASE=first) == SMALL["theme.css"]


FOLDERS = """
from django.template import engines


def render(name):
    tag = f"{{% load static %}}{{% static '{name}' %}}"
    return engines["django"].from_string(tag).render()

result = [render("vendor/bootswatch"), render("vendor"), render("vendor/bootswatch/a.css")]
try:
    render("vendor/lost")
except ValueError as error:
    result.append(str(error))
"""


def test_a_folder_has_a_url(site):
    """As django-jazzmin asks for one."""
    site = site()
    site.write({"vendor/bootswatch/a.css": "a {}"})
    site.collectstatic()
    base = f"{site.proxy.url}/{site.bucket}/static"
    name = site.live_manifest()["vendor/bootswatch/a.css"]
    folder, parent, file, missing = site.python(FOLDERS)
    assert [folder, parent, file] == [
        f"{base}/vendor/bootswatch",
        f"{base}/vendor",
        f"{base}/{name}",
    ]
    assert "vendor/lost" in missing
