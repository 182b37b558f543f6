"""Pages that scripts change: forms that come and go, Hotwire Turbo, and the admin's popups."""

import pytest
from playwright.sync_api import expect

from tests.browser.forms.conftest import ADD, choose, row_of, tokens
from tests.browser.test_uploads_page import PDF, file
from tests.corpus.packages import fetch


def test_a_widget_that_is_added_later_uploads_and_one_that_is_removed_stops(page, held):
    page.goto(ADD, wait_until="networkidle")
    page.evaluate("() => { window.kept = document.querySelector('#paper_form').outerHTML; }")
    page.locator("#id_file").set_input_files(file("paper.pdf", PDF))
    expect(row_of(page, "paper.pdf")).to_be_visible()
    completed = []
    page.on("request", lambda one: "/complete/" in one.url and completed.append(one))
    # As htmx swaps a form.
    page.evaluate("() => { document.querySelector('#paper_form').outerHTML = window.kept; }")
    held()
    choose(page, "#id_file", "later.pdf")
    assert len(tokens(page)) == 1
    assert len(completed) == 1, "the first widget has gone, and its upload with it"
    page.errors.clear()


def test_a_form_that_a_script_shows_again_keeps_its_file(page):
    page.goto(ADD, wait_until="networkidle")
    page.evaluate("() => { window.kept = document.querySelector('#paper_form').outerHTML; }")
    choose(page, "#id_file", "paper.pdf")
    [token] = tokens(page)
    # As Turbo puts the server's page in place of the copy that it showed meanwhile.
    page.evaluate("() => { document.querySelector('#paper_form').outerHTML = window.kept; }")
    expect(row_of(page, "paper.pdf")).to_contain_text("uploaded")
    assert tokens(page) == [token]


def test_a_file_that_is_chosen_before_the_script_has_come_is_uploaded(page):
    waiting = []
    page.route("**/widget.*.js", lambda route: waiting.append(route))
    page.goto(ADD, wait_until="commit")
    page.locator("#id_file").set_input_files(file("paper.pdf", PDF))
    [route] = waiting
    route.continue_()
    expect(row_of(page, "paper.pdf")).to_contain_text("uploaded")
    assert len(tokens(page)) == 1


def test_a_popup_of_the_admin_saves_its_upload_and_the_page_below_keeps_its_own(page, context):
    page.goto("/admin/papers/page/add/")
    choose(page, "#id_file", "page.pdf")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Add another paper").click()
    popup = opened.value
    popup.get_by_label("Title").fill("From a popup")
    choose(popup, "#id_file", "paper.pdf")
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#id_paper option:checked")).to_contain_text("Paper object")
    expect(row_of(page, "page.pdf")).to_contain_text("uploaded")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_role("link", name="pages/")).to_be_visible()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Change selected paper").click()
    expect(opened.value.get_by_role("link", name="papers/")).to_be_visible()
    assert page.errors == []


@pytest.fixture
def turbo(page):
    """The first page of a site on which Turbo follows the links and sends the forms."""
    script = fetch("@hotwired/turbo@8.0.23") / "dist" / "turbo.es2017-umd.js"
    page.route("**/turbo.js", lambda route: route.fulfill(path=script))
    page.goto("/turbo/")
    page.evaluate("window.isSame = true")
    yield page
    assert page.evaluate("window.isSame"), "the browser loaded a page by itself"


@pytest.mark.matrix
def test_a_page_that_turbo_shows_uploads_and_has_its_file_again_after_another(turbo):
    turbo.get_by_role("link", name="New paper", exact=True).click()
    choose(turbo, "#id_file", "paper.pdf")
    [token] = tokens(turbo)
    turbo.get_by_role("link", name="Start").click()
    expect(turbo.locator("[data-s3files]")).to_have_count(0)
    turbo.get_by_role("link", name="New paper", exact=True).click()
    expect(row_of(turbo, "paper.pdf")).to_contain_text("uploaded")
    # What Turbo shows first is a copy of the page as it was left.
    expect(turbo.locator("html[data-turbo-preview]")).to_have_count(0)
    expect(turbo.locator("[name=file-upload]")).to_have_value(token)
    turbo.get_by_label("Title").fill("With Turbo")
    turbo.get_by_role("button", name="Save").click()
    expect(turbo.get_by_text("Saved: With Turbo")).to_be_visible()
    turbo.go_back()
    expect(turbo.locator("#id_file")).to_be_visible()
    expect(row_of(turbo, "paper.pdf")).to_have_count(0)


@pytest.mark.matrix
def test_a_turbo_frame_sends_its_form_and_shows_it_again_with_its_file(turbo):
    turbo.get_by_role("link", name="New paper in a frame").click()
    choose(turbo, "#id_file", "paper.pdf")
    [token] = tokens(turbo)
    turbo.locator("form").evaluate("form => (form.noValidate = true)")
    turbo.get_by_role("button", name="Save").click()
    expect(turbo.get_by_text("This field is required.")).to_be_visible()
    assert tokens(turbo) == [token]
    turbo.get_by_label("Title").fill("In a frame")
    turbo.get_by_role("button", name="Save").click()
    expect(turbo.get_by_text("Saved: In a frame")).to_be_visible()
    assert turbo.url.endswith("/turbo/")
