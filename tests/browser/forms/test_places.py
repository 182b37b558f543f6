"""An upload belongs to the tab, page, input and object in which it was begun."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import sign_in
from tests.browser.forms.conftest import ADD, choose, make_paper, open_tab, row_of, tokens
from tests.browser.test_uploads_page import PDF


def test_a_reload_keeps_the_file_in_the_form(page):
    page.goto(ADD)
    choose(page, "#id_file", "paper.pdf")
    kept = tokens(page)
    page.reload()
    expect(row_of(page, "paper.pdf")).to_contain_text("uploaded")
    assert tokens(page) == kept
    assert tokens(page, "cover") == []
    page.get_by_label("Title").fill("Kept")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    page.goto(ADD, wait_until="networkidle")
    expect(page.locator("[data-queue] li")).to_have_count(0)


def test_back_and_forward_keep_the_file_where_it_was(page):
    page.goto(ADD)
    choose(page, "#id_file", "paper.pdf")
    kept = tokens(page)
    page.goto("/admin/papers/paper/")
    page.go_back()
    expect(row_of(page, "paper.pdf")).to_contain_text("uploaded")
    assert tokens(page) == kept
    page.go_forward()
    page.goto("/papers/new/")
    # The same field of another page: a person decides.
    expect(page.get_by_role("button", name="Use paper.pdf")).to_be_visible()
    assert tokens(page) == []


def test_a_file_of_one_object_never_comes_into_another(page):
    first, second = make_paper(page, "first"), make_paper(page, "second")
    page.goto(first)
    choose(page, "#id_file", "paper.pdf")
    page.goto(second, wait_until="networkidle")
    assert tokens(page) == []
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    expect(page.get_by_text("Currently")).to_have_count(0)
    page.goto(first)
    expect(row_of(page, "paper.pdf")).to_contain_text("uploaded")
    assert len(tokens(page)) == 1
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_role("link", name="papers/")).to_be_visible()


def test_a_large_public_file_that_is_processing_stays_with_its_object(page, tmp_path):
    """A command puts it in its place, and the person goes on to another object meanwhile."""
    cover = tmp_path / "cover.pdf"
    cover.write_bytes(PDF + bytes(7_000_000))
    first, second = make_paper(page, "first"), make_paper(page, "second")
    page.goto(first)
    page.locator("#id_cover").set_input_files(cover)
    expect(row_of(page, "cover.pdf")).to_contain_text("Processing", timeout=60_000)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(second, wait_until="networkidle")
    assert tokens(page, "cover") == []
    expect(page.locator("[data-queue] li.processing")).to_have_count(0)
    page.goto(first)
    expect(row_of(page, "cover.pdf")).to_contain_text("Processing")
    row_of(page, "cover.pdf").get_by_role("button", name="Cancel").click()


@pytest.fixture(params=["another tab", "another device"])
def other(request, context, plain_browser, papers):
    """A page elsewhere, of the same person."""
    if request.param == "another tab":
        yield open_tab(context)
        return
    with plain_browser.new_context(base_url=papers.url) as device:
        page = open_tab(device)
        page.goto("/")
        sign_in(page)
        yield page


def test_elsewhere_the_file_is_offered_once_and_taken_only_when_told(page, other):
    page.goto(ADD)
    choose(page, "#id_file", "paper.pdf")
    other.goto(ADD)
    use = other.get_by_role("button", name="Use paper.pdf")
    expect(use).to_have_count(1)
    assert tokens(other) == []
    use.click()
    expect(row_of(other, "paper.pdf")).to_contain_text("uploaded")
    assert tokens(other) == tokens(page)
    other.reload()
    expect(row_of(other, "paper.pdf").get_by_role("button", name="Remove")).to_be_visible()
    assert len(tokens(other)) == 1
    assert page.errors == other.errors == []


def test_a_copied_tab_takes_nothing_by_itself(page, context):
    page.goto(ADD)
    choose(page, "#id_file", "paper.pdf")
    with context.expect_page() as opened:  # It gets a copy of this tab's sessionStorage.
        page.evaluate("window.open(location.href)")
    copy = opened.value
    expect(copy.get_by_role("button", name="Use paper.pdf")).to_be_visible()
    assert copy.evaluate("Object.keys(sessionStorage).join()").count("s3files:tab") == 1
    assert tokens(copy) == []
    page.reload()
    expect(row_of(page, "paper.pdf")).to_contain_text("uploaded")
    assert len(tokens(page)) == 1


def test_a_reload_does_not_spread_a_file_over_the_inlines(page):
    page.goto(ADD)
    for number in range(3):
        page.get_by_role("button", name="Add another Page").click()
        expect(page.locator(f"#id_page_set-{number}-file")).to_be_visible()
    choose(page, "#id_page_set-1-file", "page.pdf")
    page.reload()
    page.get_by_role("button", name="Add another Page").click()
    # The first row is not the one it was chosen in.
    expect(page.get_by_role("button", name="Use page.pdf")).to_have_count(1)
    page.get_by_role("button", name="Add another Page").click()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("button", name="Use page.pdf")).to_have_count(1)
    assert tokens(page, "page_set-0-file") == tokens(page, "page_set-1-file") == []
    page.get_by_role("button", name="Use page.pdf").click()
    expect(row_of(page, "page.pdf")).to_contain_text("uploaded")
    page.get_by_label("Title").fill("Inlines")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_role("link", name="pages/")).to_have_count(1)


def test_a_form_that_fails_keeps_its_files_in_their_rows(page):
    page.goto(ADD)
    for number in range(2):
        page.get_by_role("button", name="Add another Page").click()
        choose(page, f"#id_page_set-{number}-file", f"page-{number}.pdf")
    choose(page, "#id_file", "paper.pdf")
    page.get_by_label("Title").evaluate("one => one.removeAttribute('required')")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(
        page.get_by_text("Please correct the errors below.").or_(
            page.get_by_text("Please correct the error below.")
        )
    ).to_be_visible()
    for field in ("file", "page_set-0-file", "page_set-1-file"):
        assert len(tokens(page, field)) == 1, field
    page.get_by_label("Title").fill("Fails once")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def test_the_widgets_of_a_page_ask_once(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(ADD, wait_until="networkidle")
    assert len([url for url in asked if url.endswith("/uploads/list/")]) == 1


def test_a_file_that_another_form_has_saved_is_gone_after_going_back(page, context):
    page.goto("/papers/new/")
    choose(page, "#id_file", "paper.pdf")
    page.get_by_label("Title").fill("Saved")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved: Saved")).to_be_visible()
    page.go_back(wait_until="networkidle")
    expect(row_of(page, "paper.pdf")).to_have_count(0)
    assert tokens(page) == []
