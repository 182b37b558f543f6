"""A project whose app `papers` has file fields in the admin, in inlines and in a form."""

import shutil
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils import translation
from playwright.sync_api import expect

from tests.browser.conftest import note, sign_in
from tests.browser.stores import running_site
from tests.browser.test_uploads_page import PDF, file
from tests.conftest import embedded_server

ADD = "/admin/papers/paper/add/"
# One of each unit and plural form, and some that need rounding.
SIZES = [0, 1, 2, 5, 11, 500, 1023, 1024, 1280, 2009, 10**6, 20_000_000, 50 * 2**30, 3 * 2**40]
FORMAT_SIZES = """async (sizes) => {
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    const { formatBytes } = await import(loaded.find((name) => /[/]texts[.]\\w+[.]js$/.test(name)));
    return sizes.map(formatBytes);
}"""


@pytest.fixture(scope="session")
def papers(render, tmp_path_factory):
    """A project whose app `papers` has file fields in the admin, in inlines and in a form."""
    folder = tmp_path_factory.mktemp("papers")
    for name in ("store", "site"):
        shutil.copytree(render(), folder / name)
    with (
        embedded_server(folder / "store") as store,
        running_site(Path(folder / "site"), store) as site,
    ):
        yield site


@pytest.fixture
def context(plain_browser, papers):
    context = plain_browser.new_context(base_url=papers.url)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto("/")
    sign_in(page)
    page.close()
    yield context
    discard_all(context)
    context.close()


@pytest.fixture(scope="session")
def plain_browser(launch):
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture
def page(context):
    return open_tab(context)


@pytest.fixture
def held(page):
    """Uploads to S3 wait; call it to let them go on."""
    waiting = []
    held = True

    def hold(route):
        if held and route.request.method == "PUT":
            waiting.append(route)
        else:
            route.continue_()

    def let_go():
        nonlocal held
        held = False
        while waiting:
            waiting.pop().continue_()

    page.route("**/media/**", hold)
    return let_go


def open_tab(context):
    page = context.new_page()
    page.errors = []
    page.on("console", lambda message: note(page, message.type, message.text))
    page.on("pageerror", lambda error: note(page, "error", str(error)))
    return page


def discard_all(context):
    """Remove what a test left: the next one finds no uploads."""
    page = context.new_page()
    page.goto(ADD, wait_until="networkidle")
    page.get_by_role("button", name="Add another Page").click()
    page.wait_for_load_state("networkidle")
    while (buttons := page.locator("[data-queue] .cancel")).count():
        with page.expect_response("**/uploads/cancel/"):
            buttons.first.click()


def choose(page, field, name, content=PDF):
    page.locator(field).set_input_files(file(name, content))
    expect(row_of(page, name)).to_contain_text("uploaded")


def take_several(page):
    """Make a field for one file one for several, as DirectFilesField has it."""
    page.locator("#id_file").evaluate(
        """one => {
            one.multiple = true;
            one.closest("[data-s3files]").dataset.multiple = "";
        }"""
    )


def row_of(page, name):
    return page.locator("[data-queue] li").filter(has_text=name)


def tokens(page, field="file"):
    """What the form would post for a field."""
    return page.locator(f"input[name='{field}-upload']").evaluate_all(
        "all => all.map((one) => one.value)"
    )


def make_paper(page, title):
    """Add a paper without files in the admin; return the address of its page."""
    page.goto(ADD)
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Save and continue editing").click()
    page.wait_for_url("**/change/")
    return page.url


def read_sizes(page):
    """Return SIZES as the scripts of the page write them."""
    return page.evaluate(FORMAT_SIZES, SIZES)


def write_sizes(language):
    """Return SIZES as Django writes them."""
    if not settings.configured:
        settings.configure()
    django.setup()
    with translation.override(language):
        return [filesizeformat(size) for size in SIZES]
