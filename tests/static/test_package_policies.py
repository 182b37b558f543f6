"""Packages of Django in Chromium: what docs/content-security-policy.md says that they need.

A superuser opens each package's pages under the project's policy, and with what the row of the
page adds to it.
"""

import contextlib
import json
import shutil
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

import django
import pytest
from playwright.sync_api import Error as PlaywrightError

from tests.conftest import free_port
from tests.corpus.packages import PYPI
from tests.deploy.serving import Serving
from tests.pythons import uv
from tests.static import pages

PACKAGE_SITE = Path(__file__).with_name("package_site")
# What scripts do after a page has loaded, in milliseconds.
SETTLING = 1000


@dataclass(frozen=True)
class Package:
    """How a package is set up, and what of it is there when it works."""

    apps: list[str]
    # A selector of what is there when the package works, by the path of a page.
    works: dict[str, str]
    # Apps of the project, and what stands in their place.
    replaced: dict[str, str] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    middleware: list[str] = field(default_factory=list)
    settings: dict[str, object] = field(default_factory=dict)
    needed: dict[str, list[str]] = field(default_factory=dict)
    # A module of package_site/, and a function of inside/package_site.py.
    settings_module: str = "package_settings"
    data: str = ""
    # What is clicked on a page, and what the frame has that it opens, by the path of the page.
    frames: dict[str, tuple[str, ...]] = field(default_factory=dict)


FRAMES = {"frame-src": ["'self'"], "frame-ancestors": ["'self'"]}
UNSAFE_STYLES = {"style-src": ["'unsafe-inline'"]}
UNSAFE = {"script-src": ["'unsafe-inline'"]} | UNSAFE_STYLES
UNSAFE_WITH_EVAL = {"script-src": ["'unsafe-inline'", "'unsafe-eval'"]} | UNSAFE_STYLES
WAGTAIL_APPS = "embeds sites users snippets documents images search admin".split()
WAGTAIL_SETTINGS = {
    "WAGTAIL_SITE_NAME": "Site",
    "WAGTAILADMIN_BASE_URL": "http://127.0.0.1",
    "WAGTAIL_ENABLE_UPDATE_CHECK": False,
    "WAGTAIL_GRAVATAR_PROVIDER_URL": None,
}
TILES = "https://tile.openstreetmap.org"
PACKAGES = {
    "django-silk": Package(
        ["silk"],
        {"admin/": "#content", "silk/": ".summary-cell", "silk/requests/": ".menu"},
        urls={"silk/": "silk.urls"},
        middleware=["silk.middleware.SilkyMiddleware"],
        needed=UNSAFE_WITH_EVAL,
    ),
    "django-grappelli": Package(
        ["grappelli"],
        {"admin/": "#grp-content", "admin/users/user/add/": "#grp-content"},
        urls={"grappelli/": "grappelli.urls"},
        needed=UNSAFE,
    ),
    "django-simpleui": Package(
        ["simpleui"],
        {"admin/": ".el-menu", "admin/users/user/": "#changelist"},
        frames={
            "admin/": (".el-submenu__title", ".el-submenu .el-menu-item:visible", "#changelist")
        },
        needed=UNSAFE_WITH_EVAL | FRAMES,
    ),
    "django-prose-editor": Package(
        ["django_prose_editor"],
        {"prose/": ".ProseMirror"},
        urls={"prose/": "config.prose_editor_urls"},
        needed={"script-src": ["nonce"]} | UNSAFE_STYLES,
    ),
    "django-leaflet": Package(
        ["leaflet"],
        {"map/": ".leaflet-control"},
        # Its module for the admin needs GDAL: this one imports none.
        replaced={"django.contrib.admin": "django.contrib.admin.apps.SimpleAdminConfig"},
        urls={"map/": "config.leaflet_urls"},
        settings={"LEAFLET_CONFIG": {"TILES": [["Map", f"{TILES}/{{z}}/{{x}}/{{y}}.png", {}]]}},
        needed={"script-src": ["nonce"], "img-src": [TILES]},
    ),
    "Wagtail": Package(
        [*(f"wagtail.{name}" for name in WAGTAIL_APPS), "wagtail", "modelcluster", "taggit"],
        {
            "cms/": "#wagtail-sidebar *",
            "cms/pages/2/edit/": "form",
            "cms/images/multiple/add/": "form",
        },
        urls={"cms/": "wagtail.admin.urls"},
        settings=WAGTAIL_SETTINGS,
        needed=UNSAFE | {"script-src": ["'self'", "'unsafe-inline'"]},
    ),
    "django-baton": Package(
        ["baton"],
        {"admin/": ".baton-ready", "admin/users/user/": ".baton-ready"},
        urls={"": "config.baton_urls"},
        settings={"BATON": {"GRAVATAR_ENABLED": False}},
        settings_module="baton_settings",
        needed={
            "script-src": ["'unsafe-inline'"],
            "style-src": ["'unsafe-inline'", "https://fonts.googleapis.com"],
            "font-src": ["'self'", "https://fonts.gstatic.com"],
            "img-src": ["data:"],
        },
    ),
    "django-cms": Package(
        [],
        {"cms/?toolbar_on": ".cms-toolbar", "admin/cms/pagecontent/": ".cms-pagetree"},
        urls={"cms/": "cms.urls"},
        middleware=[
            "django.middleware.locale.LocaleMiddleware",
            *(
                f"cms.middleware.{name}"
                for name in (
                    "user.CurrentUserMiddleware",
                    "page.CurrentPageMiddleware",
                    "toolbar.ToolbarMiddleware",
                    "language.LanguageCookieMiddleware",
                )
            ),
        ],
        settings_module="cms_settings",
        data="make_cms_page",
        frames={"cms/?toolbar_on": ("a[href*=cms_wizard]:visible", "form")},
        needed=UNSAFE | FRAMES | {"img-src": ["data:"]},
    ),
    "django-oscar": Package(
        [],
        {
            "shop/dashboard/": ".navbar-primary",
            "shop/dashboard/catalogue/products/create/book/": ".tox-tinymce",
        },
        urls={"shop/": "config.oscar_urls"},
        middleware=["oscar.apps.basket.middleware.BasketMiddleware"],
        settings_module="oscar_settings",
        data="make_shop",
        needed=UNSAFE | {"script-src": ["'unsafe-inline'", "https://ajax.googleapis.com"]},
    ),
}


@pytest.fixture
def package_site(site, tmp_path, name):
    """Return a site with a package, what it needs, and Django as it is here."""
    site, package = site(), PACKAGES[name]
    [requirement] = [line for line in PYPI if line.split("==")[0] == name.lower()]
    same = f"django=={django.__version__}"
    uv("pip", "install", "--quiet", "--target", tmp_path / "package", requirement, same)
    for file in PACKAGE_SITE.iterdir():
        shutil.copy(file, site.folder / ("config" if file.suffix == ".py" else "templates"))
    site.env |= {
        "PACKAGE": json.dumps(asdict(package)),
        "NEEDED": "{}",
        "PYTHONPATH": str(tmp_path / "package"),
        "DJANGO_SETTINGS_MODULE": f"config.{package.settings_module}",
        "DJANGO_HTTPS": "off",
        "DJANGO_SECRET_KEY": "the same in all processes",
        "AWS_S3_ENDPOINT_URL": site.server["AWS_S3_ENDPOINT_URL"],
    }
    site.collectstatic(timeout=280)
    site.allow_everyone_to_read("static/*")
    site.allow_cross_origin()
    return site


@pytest.mark.matrix
@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_refused_something_without_its_row_and_works_with_it(
    package_site, launch, name, tmp_path
):
    package = PACKAGES[name]
    cookie = package_site.call("package_site.sign_in", timeout=280)
    if package.data:
        package_site.call(f"package_site.{package.data}")
    with serve(package_site, {}, tmp_path / "log") as server:
        with opened(launch, server, cookie) as (page, problems):
            for path in package.works:
                page.goto(path)
                page.wait_for_timeout(SETTLING)
            assert any("Content Security" in problem for problem in problems)
    with serve(package_site, package.needed, tmp_path / "log") as server:
        with opened(launch, server, cookie) as (page, problems):
            for path, works in package.works.items():
                page.goto(path)
                page.wait_for_selector(works, state="attached")
                page.wait_for_timeout(SETTLING)
                if path in package.frames:
                    *clicked, shown = package.frames[path]
                    for selector in clicked:
                        page.click(selector)
                    page.frame_locator("iframe").locator(shown).first.wait_for(state="attached")
            assert problems == []


@pytest.mark.parametrize("name", PACKAGES)
def test_the_page_has_the_row(name):
    pages.assert_documented(name, PACKAGES[name].needed)


def serve(site, needed, log):
    """Serve the site, with more in its policy."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}"]
    environment = site.environment(NEEDED=json.dumps(needed))
    return Serving([*command, "--threads=4"], port, log, cwd=site.folder, env=environment)


@contextlib.contextmanager
def opened(launch, server, cookie):
    """Open a browser that a superuser uses; yield its page and the list of what goes wrong."""
    url = f"http://127.0.0.1:{server.port}/"
    browser = launch()
    try:
        page = browser.new_page(base_url=url)
        page.context.add_cookies([cookie | {"url": url}])
        problems = pages.watch(page)
        yield page, problems
    except PlaywrightError as error:
        error.add_note("\n".join(problems))
        raise
    finally:
        browser.close()
