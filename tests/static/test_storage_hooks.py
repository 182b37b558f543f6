"""What a subclass or an option of the static storage changes is honoured, or refused by name."""

import pytest

from tests.static.test_publishing import SMALL, hashed, originals

REFUSED = {
    "patterns = ()": "patterns",
    "def hashed_name(self, name, content=None, filename=None): return name": "hashed_name",
    "def url_converter(self, name, hashed_files, template=None): return str": "url_converter",
    "def save_manifest(self): pass": "save_manifest",
}
REFUSED_OPTIONS = {
    "{'base_url': '/static/'}": "Not options of StaticStorage: ['base_url']",
    "{'manifest_storage': None}": "Not options of StaticStorage: ['manifest_storage']",
    "{'location': '/srv/static'}": "it is where keys begin in the bucket",
}


@pytest.mark.parametrize("attributes", REFUSED)
def test_a_hook_that_nothing_would_call_is_refused_before_the_first_request(site, attributes):
    site = site()
    site.configure(attributes)
    site.write(SMALL)
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    assert f"StaticStorage cannot override {REFUSED[attributes]}:" in output
    assert site.proxy.kinds() == {}


@pytest.mark.parametrize("options", REFUSED_OPTIONS)
def test_options_in_the_meaning_of_other_storages_are_refused(site, options):
    site = site()
    with (site.folder / "config" / "test_settings.py").open("a") as settings:
        settings.write(f"STORAGES['staticfiles']['OPTIONS'] = {options}\n")
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    assert REFUSED_OPTIONS[options] in output
    assert site.proxy.kinds() == {}


HASH = """def file_hash(self, name, content=None):
        import hashlib
        return "x" + hashlib.sha256(content.read()).hexdigest()[:15]
"""


def test_file_hash_makes_all_names(site):
    site = site()
    site.configure(HASH)
    site.write(SMALL | {"left.js": 'import "./right.js"', "right.js": 'import "./left.js"'})
    for _ in range(2):
        site.collectstatic()
        for name, hashed_name in site.live_manifest().items():
            root, _, extension = name.rpartition(".")
            assert hashed_name.removesuffix(f".{extension}").removeprefix(f"{root}.")[0] == "x"
            assert len(hashed_name) == len(name) + 17
    names = site.live_manifest()
    assert names["theme.css"] in site.read(f"static/{names['site.css']}").decode()


def test_a_file_without_a_hash_is_refused(site):
    site = site()
    site.configure("def file_hash(self, name, content=None): return None")
    site.write(SMALL)
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    assert "file_hash() returned None for" in output
    assert site.live_manifest() is None


def test_a_name_that_is_in_no_manifest_may_be_let_through(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    assert "Missing staticfiles manifest entry" in site.call(
        "media.make_static_urls", "lost.css", status=1
    )
    site.configure("manifest_strict = False")
    lost, found = site.call("media.make_static_urls", "lost.css", "theme.css")
    assert lost == f"{site.proxy.url}/{site.bucket}/static/lost.css"
    assert found.endswith(site.live_manifest()["theme.css"])


@pytest.mark.parametrize("keeps", [True, False])
def test_there_are_no_intermediate_files_to_keep(site, keeps):
    site = site()
    site.configure(f"keep_intermediate_files = {keeps}")
    site.write(SMALL)
    site.collectstatic()
    release = site.local_manifest()["hash"]
    manifests = {"static/staticfiles.json", f"static/staticfiles.{release}.json"}
    assert site.keys() == hashed(site) | originals(SMALL) | manifests


def test_imports_are_followed_unless_a_project_says_no(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    followed = site.live_manifest()["app.js"]
    site.configure("support_js_module_import_aggregation = False")
    site.collectstatic()
    names = site.live_manifest()
    assert names["app.js"] != followed
    text = site.read(f"static/{names['app.js']}").decode()
    assert '"./b.js"' in text and names["app.js.map"] in text
    assert site.read("static/b.js").decode() == SMALL["b.js"]


@pytest.mark.parametrize("place", ["attribute", "option"])
def test_a_bucket_of_its_own_is_an_attribute_or_an_option(site, place):
    site = site()
    other = f"{site.bucket}-static"
    site.s3.create_bucket(Bucket=other)
    if place == "attribute":
        site.configure(f"bucket_name = {other!r}")
    else:
        with (site.folder / "config" / "test_settings.py").open("a") as settings:
            settings.write(f"STORAGES['staticfiles']['OPTIONS'] = {{'bucket_name': {other!r}}}\n")
    site.write(SMALL)
    assert f"s3://{other}/static/" in site.collectstatic()
    assert site.keys() == set()
    (url,) = site.call("media.make_static_urls", "theme.css")
    assert url.startswith(f"{site.proxy.url}/{other}/static/theme.")
