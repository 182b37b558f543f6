"""The file input of a form: what it says, how it looks, and when the form is sent."""

import re
from itertools import product

import pytest
from playwright.sync_api import expect

from tests.browser.forms.conftest import (
    ADD,
    choose,
    read_sizes,
    row_of,
    take_several,
    write_sizes,
)
from tests.browser.layout import (
    QUEUE,
    SCHEMES,
    SMALLEST_NAME,
    WIDTHS,
    find_faults,
    make_names,
    measure,
)
from tests.browser.test_uploads_page import PDF, check_accessibility, file

LONG = "회의록 " + "A-very-long-name-without-a-space" * 3 + " محضر.pdf"


def test_a_refused_file_in_an_optional_field_does_not_block_the_form(page):
    page.goto(ADD)
    page.get_by_label("Title").fill("Without a file")
    page.locator("#id_file").set_input_files(file("empty.pdf", b""))
    expect(row_of(page, "empty.pdf")).to_contain_text("The file is empty.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def test_save_during_an_upload_says_so_and_is_done_when_it_is(page, held):
    page.goto(ADD)
    page.get_by_label("Title").fill("Waits")
    page.locator("#id_file").set_input_files(file("paper.pdf", PDF))
    expect(row_of(page, "paper.pdf").get_by_role("button", name="Cancel")).to_be_visible()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("[data-note]").get_by_text("Please wait")).to_be_visible()
    assert page.url.endswith(ADD)
    held()
    # The very button that was pressed.
    page.wait_for_url("**/change/")
    expect(page.get_by_role("link", name="papers/")).to_be_visible()


def test_save_waits_for_an_upload_and_not_for_a_file_that_was_refused_before(page, held):
    page.goto(ADD)
    page.get_by_label("Title").fill("Waits without a cover")
    page.locator("#id_cover").set_input_files(file("empty.pdf", b""))
    expect(row_of(page, "empty.pdf")).to_contain_text("The file is empty.")
    page.locator("#id_file").set_input_files(file("paper.pdf", PDF))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-note]").get_by_text("Please wait")).to_be_visible()
    held()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def test_a_double_click_saves_one_row(page):
    page.goto(ADD)
    page.get_by_label("Title").fill("Clicked twice")
    choose(page, "#id_file", "twice.pdf")
    page.get_by_role("button", name="Save", exact=True).dblclick()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert page.errors == []


def test_a_form_that_a_script_sends_can_be_sent_again(page):
    page.goto(ADD)
    choose(page, "#id_file", "again.pdf")
    page.evaluate("""() => {
        window.sent = 0;
        document.querySelector("#paper_form").noValidate = true;
        document.addEventListener("submit", (event) => { event.preventDefault(); sent += 1; });
    }""")
    for count in (1, 2):
        page.get_by_role("button", name="Save", exact=True).click()
        assert page.evaluate("window.sent") == count


def test_save_is_not_done_when_an_upload_it_waits_for_fails(page, held):
    page.goto(ADD)
    page.get_by_label("Title").fill("Waits")
    page.locator("#id_file").set_input_files(file("paper.pdf", b"<html>" + PDF))
    expect(row_of(page, "paper.pdf")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    held()
    expect(row_of(page, "paper.pdf")).to_contain_text("is not what its name says")
    expect(page.locator("[data-note]").get_by_text("The form is not sent")).to_be_visible()
    assert page.url.endswith(ADD)
    page.errors.clear()


def test_announcements_do_not_overwrite_each_other(page):
    page.goto("/admin/papers/paper/add/")
    take_several(page)
    names = ["one.pdf", "two.pdf", "three.pdf"]
    page.locator("#id_file").set_input_files([file(name, b"") for name in names])
    for name in names:
        status = page.get_by_role("status").first
        expect(status.get_by_text(f"{name}: The file is empty.")).to_have_count(1)


def test_several_files_are_counted(page, held):
    page.goto(ADD)
    take_several(page)
    page.locator("#id_file").set_input_files([file(f"{n}.pdf", PDF) for n in range(4)])
    expect(page.get_by_text("0 of 4 files")).to_be_visible()
    held()
    expect(page.locator("[data-queue] li.complete")).to_have_count(4)
    expect(page.get_by_text("of 4 files")).to_have_count(0)


@pytest.mark.parametrize("count", [1, 3, 40])
def test_the_widget_has_its_place_in_the_admin_at_every_width_light_and_dark(page, held, count):
    page.goto(ADD)
    take_several(page)
    page.locator("#id_file").set_input_files([file(name, PDF) for name in make_names(count)])
    page.locator("#id_cover").set_input_files(file("broken.pdf", b""))
    rows = page.locator("[data-queue] li")
    expect(rows).to_have_count(count + 1)
    expect(rows.first).to_contain_text("%")
    for scheme, width in product(SCHEMES, WIDTHS):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        assert find_faults(page, QUEUE) == [], (scheme, width)
        first = measure(page, QUEUE)[0]
        chosen = page.locator("#id_file").bounding_box()
        assert abs(first["item"]["x"] - chosen["x"]) < 12, "in line with its input"
        bar, buttons = first["parts"]["bar"], first["parts"]["buttons"]
        assert buttons["y"] >= bar["bottom"] or (width > 400 and buttons["x"] >= bar["right"])
    held()
    expect(page.locator("[data-queue] li.complete")).to_have_count(count)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_no_serious_fault_in_the_widget(page, held, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(ADD)
    check_accessibility(page, "empty", "[data-s3files]")
    page.locator("#id_file").set_input_files(file("paper.pdf", PDF))
    page.locator("#id_cover").set_input_files(file("broken.pdf", b""))
    expect(row_of(page, "paper.pdf")).to_contain_text("%")
    check_accessibility(page, "sending and refused", "[data-s3files]")
    page.get_by_role("button", name="Dismiss broken.pdf").click()
    page.locator("#paper_form").evaluate("one => (one.noValidate = true)")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-note]").get_by_text("Please wait")).to_be_visible()
    check_accessibility(page, "waiting", "[data-s3files]")
    held()
    # Without a title.
    expect(page.get_by_text("Please correct the error below.")).to_be_visible()
    check_accessibility(page, "shown again", "[data-s3files]")


def test_the_admins_list_of_uploads_fits_its_window_and_has_sizes_for_people(page):
    page.goto(ADD)
    choose(page, "#id_file", LONG)
    page.goto("/admin/s3files/directupload/")
    expect(page.get_by_role("row").filter(has_text=LONG)).to_contain_text("2.0 KB")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.locator(".results").evaluate("one => one.scrollWidth <= one.clientWidth")
    assert page.locator("#result_list .field-name").first.bounding_box()["width"] > SMALLEST_NAME


def test_scripts_write_sizes_as_django_does(page):
    page.goto(ADD, wait_until="networkidle")
    assert read_sizes(page) == write_sizes("en")


def test_a_session_that_ended_is_explained(page, context):
    page.goto(ADD)
    page.evaluate("document.cookie = 'csrftoken=; Max-Age=0; path=/'")
    context.clear_cookies(name="csrftoken")
    page.locator("#id_file").set_input_files(file("paper.pdf", PDF))
    expect(row_of(page, "paper.pdf")).to_contain_text("Reload the page")
    assert re.search("403", " ".join(page.errors))
    page.errors.clear()
