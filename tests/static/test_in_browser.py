"""Static files of the bucket in Chromium: the admin's, an editor's, a build tool's."""

import re

import pytest

from tests.conftest import TEMPLATE
from tests.static import pages

DOCS_LINES = re.compile(r"```python\n([^`]*CSP_DIRECTIVES[^`]*)```")
TINYMCE = """
from django import forms
from tinymce.widgets import TinyMCE

class Form(forms.Form):
    text = forms.CharField(widget=TinyMCE())

form = Form(initial={"text": "<p>Hello</p>"})
html = f"<!doctype html><title>x</title>{form.media}<form>{form}</form>"
"""


def test_tinymce_works_under_the_projects_policy(site, launch):
    site = site()
    # The lines that the documentation gives for editors.
    [lines] = DOCS_LINES.findall((TEMPLATE / "docs" / "static-files.md").read_text())
    with (site.folder / "config" / "settings.py").open("a") as settings:
        settings.write(f"\n{lines}")
    pages.publish(site, "tinymce")
    html, policy = pages.render(site, TINYMCE)
    assert "script-src http" in policy and "unsafe-eval" not in policy
    with pages.shown(launch, html, policy) as (page, problems):
        page.wait_for_function("tinymce.activeEditor && tinymce.activeEditor.initialized")
        editor = page.frame_locator("iframe.tox-edit-area__iframe").locator("body")
        editor.press_sequentially("Ready? ")
        page.get_by_role("button", name="Bold").click()
        assert page.evaluate("tinymce.activeEditor.getContent()").startswith("<p>Ready? Hello")
        assert problems == []
        # Its plugins and skins are asked for by plain names, the rest by hashed ones.
        asked = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        assert any(url.endswith("/skins/ui/oxide/skin.min.css") for url in asked)
        assert any(re.search(r"/tinymce\.min\.[0-9a-f]{12}\.js$", url) for url in asked)


LOGIN = """
from django.template import engines
from django.contrib.admin import site as admin_site
from django.test import RequestFactory
from django.contrib.auth.models import AnonymousUser
request = RequestFactory().get("/admin/login/")
request.user = AnonymousUser()
html = admin_site.login(request).render().content.decode()
"""


def test_the_admins_login_page_is_styled_from_gzipped_files(site, launch):
    site = site()
    pages.publish(site, "")
    html, policy = pages.render(site, LOGIN)
    sent = []
    with pages.shown(launch, html, policy) as (page, problems):
        page.on("response", lambda response: sent.append(response))
        page.reload()
        assert page.locator("#header").evaluate("e => getComputedStyle(e).display") == "flex"
        styles = [response for response in sent if response.url.endswith(".css")]
        assert len(styles) > 4
        assert any(response.headers.get("content-encoding") == "gzip" for response in styles)
        assert problems == []


VITE_SETTINGS = """
DJANGO_VITE = {
    "default": {
        "static_url_prefix": "dist",
        "manifest_path": BASE_DIR / "assets" / "dist" / "manifest.json",
    }
}
"""


@pytest.mark.matrix
@pytest.mark.parametrize("declared", [True, False])
def test_a_build_of_vite_works_by_its_own_names_or_by_ours(site, launch, declared):
    site = site()
    if declared:
        site.configure('built_prefixes = ("dist/assets/",)')
    pages.build_with_vite(site, "vite")
    packages = site.folder.parent / "packages"
    site.run("python", "-m", "pip", "install", "-q", "--no-deps", "-t", packages, "django-vite")
    with (site.folder / "config" / "settings.py").open("a") as settings:
        settings.write(VITE_SETTINGS)
    pages.publish(
        site, "django_vite", PYTHONPATH=str(packages), FOLDERS=str(site.folder / "assets")
    )
    names = site.live_manifest()
    built = [name for name in names if name.startswith("dist/assets/")]
    assert len(built) == 4 and all((names[name] == name) is declared for name in built)
    for name in built:
        head = site.s3.head_object(Bucket=site.bucket, Key=f"static/{names[name]}")
        assert head["CacheControl"] == "public, max-age=31536000, immutable"
    html, policy = pages.render_page(site, "vite.html")
    site.allow_cross_origin()
    with pages.shown(launch, html, policy) as (page, problems):
        page.wait_for_selector("body[data-later='loaded later']", state="attached")
        color = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(color) == "rgb(1, 2, 3)"
        assert problems == []
