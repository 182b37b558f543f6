"""Packages that build URLs in JavaScript: in Chromium, every file that they ask for is there."""

import pytest

from tests.corpus.packages import NPM, PYPI, fetch, is_of_npm
from tests.static import pages

FORM = """
from django import forms
{imports}

class Form(forms.Form):
    field = {field}

form = Form()
html = f"<!doctype html><title>x</title>{{form.media}}<form>{{form}}</form>"
"""
COUNTRIES = """
html += """ + repr(
    "<script>onload = () => { const field = document.getElementById('id_field');"
    " field.value = 'KR'; field.onchange(); }</script>"
)
MATHJAX = """
script = static_url("tex-chtml.js")
html = f"<!doctype html><title>x</title><body>$$x^2$$<script src='{script}'></script>"
"""
MONACO = """
loader, base = static_url("min/vs/loader.js"), static_url("min/vs/")[:-1]
html = f"<!doctype html><title>x</title><div id=e style='height:9em'></div>"
html += f"<script src='{loader}'></script><script>require.config({{paths: {{vs: '{base}'}}}});"
html += "require(['vs/editor/editor.main'], () => monaco.editor.create("
html += "document.getElementById('e'), {value: 'let a', language: 'javascript'}));</script>"
"""
ASKED_FOR = "performance.getEntriesByType('resource').map(entry => entry.name)"
NEEDS = {"django-ckeditor": ["django-js-asset==5.0.0"]}
# The app, the page, what is true when the package works, and a plain name that it asks for.
CASES = {
    "django-tinymce": (
        "tinymce",
        FORM.format(
            imports="from tinymce.widgets import TinyMCE",
            field="forms.CharField(widget=TinyMCE())",
        ),
        "tinymce.activeEditor && tinymce.activeEditor.initialized",
        "/skins/content/default/content.min.css",
    ),
    "django-ckeditor": (
        "ckeditor",
        FORM.format(
            imports="from ckeditor.widgets import CKEditorWidget",
            field="forms.CharField(widget=CKEditorWidget())",
        ),
        "CKEDITOR.instances.id_field && CKEDITOR.instances.id_field.status == 'ready'",
        "/ckeditor/ckeditor/config.js",
    ),
    "django-ace": (
        "django_ace",
        FORM.format(
            imports="from django_ace import AceWidget",
            field="forms.CharField(widget=AceWidget(mode='css', width='9em', height='9em'), "
            "initial='a { b')",
        ),
        # The worker, which checks the code, comes from a plain name: worker-css.js.
        "document.querySelector('[class*=ace_error], [class*=ace_warning]')",
        ".js",
    ),
    "django-countries": (
        "django_countries",
        FORM.format(
            imports="from django_countries.fields import CountryField\n"
            "from django_countries.widgets import CountrySelectWidget",
            field="CountryField().formfield(widget=CountrySelectWidget())",
        )
        + COUNTRIES,
        "document.querySelector('img').naturalWidth > 1",
        "/flags/kr.gif",
    ),
    "mathjax": ("", MATHJAX, "document.querySelector('mjx-container')", ".js"),
    "monaco-editor": (
        "",
        MONACO,
        "document.querySelector('.monaco-editor .view-line')",
        "/min/vs/editor/editor.main.js",
    ),
}


@pytest.mark.matrix
@pytest.mark.parametrize("name", CASES)
def test_a_package_finds_its_files(site, launch, name):
    apps, code, works, asked_for = CASES[name]
    site = site()
    [package] = [line for line in PYPI + NPM if line.split("==")[0].split("@")[0] == name]
    folder = fetch(package)
    path = ":".join(map(str, [folder, *map(fetch, NEEDS.get(name, ()))]))
    variables = {"FOLDERS": path} if is_of_npm(package) else {"PYTHONPATH": path}
    pages.publish(site, apps, timeout=280, **variables)
    html, _ = pages.render(site, code)
    with pages.shown(launch, html) as (page, problems):
        page.wait_for_function(works)
        page.wait_for_timeout(1000)
        # An editor's frame asks for its own style sheets.
        asked = [url for frame in page.frames for url in frame.evaluate(ASKED_FOR)]
        assert problems == []
        assert any(url.partition("?")[0].endswith(asked_for) for url in asked), asked
