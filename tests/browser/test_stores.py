"""Uploads in a browser on other stores: one that knows no POST, and one that enforces policies."""

import os
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import servers
from tests.browser.conftest import note, sign_in
from tests.browser.stores import not_implemented, running_site
from tests.browser.test_uploads_page import PDF, file, png, uploaded
from tests.conftest import embedded_server
from tests.proxy import Proxy

STORES = ["a store without POST", "ministack"]


@pytest.fixture(scope="module", params=STORES)
def store(request, render, tmp_path_factory):
    """The store's environment variables."""
    folder = tmp_path_factory.mktemp("store")
    if request.param == "ministack":
        with servers.ministack(folder) as server:
            keys = {name.upper(): value for name, value in server.admin.items()}
            yield keys | {"AWS_S3_ENDPOINT_URL": server.plain_url}
        return
    shutil.copytree(render(), folder / "site")
    with (
        embedded_server(folder / "site") as variables,
        Proxy(variables["AWS_S3_ENDPOINT_URL"]).running() as proxy,
    ):
        proxy.break_it = not_implemented
        yield variables | {"AWS_S3_ENDPOINT_URL": proxy.url}


@pytest.fixture(scope="module")
def store_site(store, render, tmp_path_factory):
    folder = Path(shutil.copytree(render(), tmp_path_factory.mktemp("site") / "project"))
    with running_site(folder, store) as site:
        yield site


@pytest.fixture(scope="module")
def signed_in_context(launch, store_site):
    browser = launch()
    context = browser.new_context(base_url=store_site.url)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto("/")
    sign_in(page)
    page.close()
    yield context
    browser.close()


@pytest.fixture
def page(signed_in_context):
    page = signed_in_context.new_page()
    page.errors = []
    page.on("console", lambda message: note(page, message.type, message.text))
    page.on("pageerror", lambda error: note(page, "error", str(error)))
    yield page
    page.close()
    assert page.errors == []


@pytest.fixture
def archive(tmp_path):
    """Three parts of the example app's 8 MB."""
    path = tmp_path / "archive.zip"
    path.write_bytes(b"PK\x03\x04" + os.urandom(20_000_000))
    return path


@pytest.fixture
def paper(tmp_path):
    """Two parts of the papers' 5 MB."""
    path = tmp_path / "paper.pdf"
    path.write_bytes(PDF + os.urandom(6_000_000))
    return path


def test_pictures_and_large_files_go_straight_to_the_store(page, archive):
    page.goto("/")
    files = page.get_by_label("Drop files here, or choose them")
    files.set_input_files([file("photo.png", png()), file("paper.pdf", PDF)])
    expect(uploaded(page, "photo.png").locator("img")).to_be_visible()
    files.set_input_files(archive)
    expect(uploaded(page, "archive.zip")).to_be_visible(timeout=30_000)
    link = uploaded(page, "archive.zip").locator("a.open").get_attribute("href")
    assert page.request.get(link).body() == archive.read_bytes()
    picture = uploaded(page, "photo.png").locator("img")
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") == 4


def test_a_model_form_takes_a_file_from_the_keyboard(page, paper):
    page.goto("/papers/new/")
    page.get_by_label("Title").fill("A paper that is too long")
    page.get_by_label("File").set_input_files(paper)
    expect(queued_in_form(page, "paper.pdf")).to_contain_text("uploaded")
    expect(page.get_by_role("status").first).to_have_text("paper.pdf is uploaded.")
    # The form is shown again, and still has the file.
    page.get_by_label("Title").evaluate("one => one.removeAttribute('maxlength')")
    page.get_by_label("Title").fill("A paper whose title is too long")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("at most 20 characters")).to_be_visible()
    expect(queued_in_form(page, "paper.pdf")).to_contain_text("uploaded")
    results = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]})
    serious = [
        one for one in results.response["violations"] if one["impact"] in ("serious", "critical")
    ]
    assert [one["id"] for one in serious] == []
    page.get_by_label("Title").fill("A paper")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved: A paper")).to_be_visible()


def test_a_refused_file_is_told_in_the_form_and_can_be_removed(page):
    page.goto("/papers/new/")
    page.get_by_label("Title").fill("x")
    page.get_by_label("File").set_input_files(file("paper.pdf", b"<html>"))
    expect(queued_in_form(page, "paper.pdf")).to_contain_text("is not what its name says")
    page.errors.clear()
    page.get_by_role("button", name="Dismiss paper.pdf").click()
    expect(queued_in_form(page, "paper.pdf")).to_have_count(0)
    expect(page.get_by_label("File")).to_be_focused()


def test_the_admins_form_uploads_directly_in_inlines_too(page, paper):
    requests = []
    page.on("request", lambda request: requests.append(request))
    page.goto("/admin/papers/paper/add/")
    page.get_by_label("Title").fill("From the admin")
    page.locator("#id_file").set_input_files(paper)
    expect(queued_in_form(page, "paper.pdf")).to_contain_text("uploaded")
    page.get_by_role("button", name="Add another Page").click()
    page.locator("#id_page_set-0-file").set_input_files(file("page.pdf", PDF))
    expect(queued_in_form(page, "page.pdf")).to_contain_text("uploaded")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    page.get_by_role("link", name="Paper object").first.click()
    link = page.get_by_role("link", name="papers/").get_attribute("href")
    assert page.request.get(link).body() == paper.read_bytes()
    # No byte of it went through Django.
    site = [one for one in requests if one.method == "POST" and "/admin/" in one.url]
    assert all(len(one.post_data_buffer or b"") < 20_000 for one in site)


def queued_in_form(page, name):
    return page.locator("[data-queue] li").filter(has_text=name)
