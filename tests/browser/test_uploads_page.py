"""The example app's page, as a person meets it."""

import os
import re
import struct
import time
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from axe_playwright_python.sync_playwright import Axe
from botocore.config import Config
from playwright.sync_api import expect

from tests.browser.conftest import sign_in
from tests.browser.layout import NAMES, WIDTHS
from tests.conftest import TEMPLATE
from tests.test_pictures import SEEN, digest_of_what_is_seen

IMAGES = TEMPLATE / "docs" / "images"

PDF = b"%PDF-1.7\n" + b"0" * 2000
DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3">
<rect width="4" height="3" fill="#b33"/></svg>"""
SCRIPT = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3" onload="alert(1)">
<rect width="4" height="3" fill="#b33"/>
<script>alert(document.domain)</script></svg>"""


def png(colour=(40, 120, 200)):
    """A picture of 4 x 3 points."""

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = (b"\0" + bytes(colour) * 4) * 3
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def file(name, content):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def choose(page, *files):
    # Fourteen photos take a busy machine a while on their way into the browser.
    drop = page.get_by_label("Drop files here, or choose them")
    drop.set_input_files(list(files), timeout=60_000)


def uploaded(page, name):
    return page.locator("#files li").filter(has=page.get_by_text(name, exact=True))


def queued(page, name):
    return page.locator("#queue li").filter(has_text=name)


def upload(page, *files):
    """Upload small files, and wait until they are there."""
    choose(page, *files)
    for item in files:
        expect(uploaded(page, item["name"])).to_be_visible()
    expect(page.locator("#queue li")).to_have_count(0)


def presigned_url(page, name):
    """Where the page's link to a file leads."""
    link = uploaded(page, name).locator("a.open").get_attribute("href")
    return page.request.get(link, max_redirects=0).headers["location"]


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def is_gone(url):
    """Return whether no byte is left: an empty object keeps a key until its signature ends."""
    status, body = get(url)
    return status == 404 or (status, body) == (200, b"")


# --- What the page is made of ------------------------------------------------


def test_the_stylesheet_and_its_font_and_image_come_from_the_bucket(page, site):
    responses = []
    page.on("response", lambda response: responses.append(response))
    page.reload(wait_until="networkidle")
    for kind in (r"app\.\w+\.css", r"app\.\w+\.js", r"bricolage\S+\.woff2", r"empty\.\w+\.svg"):
        (response,) = [one for one in responses if re.search(f"/static/uploads/.*{kind}", one.url)]
        assert response.url.startswith(f"{site.s3}/")
        assert response.status == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert page.evaluate("document.fonts.check('600 16px \"Bricolage Grotesque\"')")


def test_without_files_the_page_says_what_comes_here(page):
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    upload(page, file("paper.pdf", PDF))
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_hidden()


# --- Uploading -----------------------------------------------------------------


def test_three_files_go_straight_to_s3_and_progress_is_seen(page, network, site, backup, tmp_path):
    to_django = []
    page.on("request", lambda request: to_django.append(request))
    (tmp_path / "photo.png").write_bytes(png())
    (tmp_path / "paper.pdf").write_bytes(PDF)
    network.let_through(2_000_000)
    choose(page, backup, tmp_path / "photo.png", tmp_path / "paper.pdf")
    expect(page.locator("#queue li")).not_to_have_count(0)
    network.wait_until_held()
    progress = queued(page, "backup.zip").locator("progress")
    expect(queued(page, "backup.zip")).to_contain_text(re.compile(r"[1-9]\d?%"))
    first = float(progress.evaluate("bar => bar.value"))
    assert 0 < first < 0.8
    page.wait_for_timeout(2_100)  # In less time, the speed says little.
    network.let_through(7_000_000)
    network.wait_until_held()
    known = re.compile(r"[\d.]+\sMB of 11\.4\sMB, \d+%, \d+ seconds? left")
    expect(queued(page, "backup.zip")).to_contain_text(known)
    page.wait_for_function(
        "([bar, first]) => bar.value > first", arg=[progress.element_handle(), first]
    )
    assert float(progress.evaluate("bar => bar.value")) < 1
    network.let_through(None)

    for name in ("backup.zip", "photo.png", "paper.pdf"):
        expect(uploaded(page, name)).to_be_visible()
    expect(page.locator("#queue li")).to_have_count(0)
    link = presigned_url(page, "backup.zip")
    assert get(link) == (200, backup.read_bytes())
    # The web worker saw names and tokens, never a file.
    posts = [one for one in to_django if one.url.startswith(site.url) and one.method == "POST"]
    assert len([one for one in posts if "begin" in one.url]) == 3
    assert all(len(one.post_data_buffer) < 1000 for one in posts)
    page.reload()
    expect(page.locator("#files li")).to_have_count(3)


def test_files_can_be_dropped_anywhere_on_the_page(page):
    data = page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["one"], "one.txt"));
            data.items.add(new File(["two"], "two.txt"));
            return data;
        }"""
    )
    heading = page.get_by_role("heading", name="Files", exact=True)
    heading.dispatch_event("dragover", {"dataTransfer": data})
    expect(page.locator("body")).to_have_class("over")
    heading.dispatch_event("drop", {"dataTransfer": data})
    expect(uploaded(page, "one.txt")).to_be_visible()
    expect(uploaded(page, "two.txt")).to_be_visible()
    expect(page.locator("body")).not_to_have_class("over")


def test_an_upload_can_be_cancelled(page, network, backup):
    network.let_through(2_000_000)
    choose(page, backup)
    network.wait_until_held()
    page.get_by_role("button", name="Cancel backup.zip").click()
    expect(page.locator("#queue li")).to_have_count(0)
    expect(page.get_by_role("status")).to_contain_text("backup.zip: cancelled.")
    network.reset()
    upload(page, file("paper.pdf", PDF))
    page.reload()
    expect(page.locator("#files li")).to_have_count(1)


def test_a_lost_connection_is_told_and_tried_again(page, network, backup):
    network.let_through(2_000_000)
    choose(page, backup)
    network.wait_until_held()
    network.cut()
    expect(queued(page, "backup.zip")).to_contain_text("The connection was lost. Trying again.")
    assert page.errors, "the browser notes a failed request"
    network.reset()
    expect(uploaded(page, "backup.zip")).to_be_visible()
    page.errors.clear()
    link = presigned_url(page, "backup.zip")
    assert get(link) == (200, backup.read_bytes())


def test_when_only_the_answer_is_lost_the_file_is_there_once(page, site):
    """The server has the file; the browser does not know, and asks again."""

    def lose(route):
        route.fetch()
        route.abort("connectionreset")

    page.route(f"{site.url}/", lose, times=1)
    choose(page, file("paper.pdf", PDF))
    expect(uploaded(page, "paper.pdf")).to_have_count(1)
    expect(page.locator("#queue li")).to_have_count(0)
    page.errors.clear()


def test_the_page_refuses_what_is_too_large_empty_or_of_another_type(page):
    page.evaluate(
        """() => {
            const { get } = Object.getOwnPropertyDescriptor(Blob.prototype, "size");
            Object.defineProperty(File.prototype, "size", {
                get() { return this.name === "large.pdf" ? 2 ** 50 : get.call(this); },
            });
        }"""
    )
    choose(page, file("large.pdf", PDF), file("setup.exe", b"MZ"), file("empty.txt", b""))
    expect(queued(page, "large.pdf")).to_contain_text("Too large: the limit is 50.0 GB.")
    expect(queued(page, "setup.exe")).to_contain_text("Files of this type are not accepted.")
    expect(queued(page, "empty.txt")).to_contain_text("The file is empty.")
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    for name in ("large.pdf", "setup.exe", "empty.txt"):
        page.get_by_role("button", name=f"Dismiss {name}").click()
    expect(page.locator("#queue li")).to_have_count(0)


def test_s3_refuses_a_larger_file_than_was_announced(page, network):
    page.evaluate("Object.defineProperty(File.prototype, 'size', { get: () => 10 })")
    choose(page, file("large.pdf", PDF))
    expect(queued(page, "large.pdf")).to_contain_text("The storage does not allow this upload.")
    assert [one for one in network.requests if one.startswith("PUT")]
    page.errors.clear()


def test_s3_refuses_another_type_than_was_agreed(page, network):
    page.evaluate(
        """() => {
            const set = XMLHttpRequest.prototype.setRequestHeader;
            XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
                set.call(this, name, name === "content-type" ? "text/html" : value);
            };
        }"""
    )
    choose(page, file("paper.pdf", PDF))
    expect(queued(page, "paper.pdf")).to_contain_text("The storage does not allow this upload.")
    assert [one for one in network.requests if one.startswith("PUT")]
    page.errors.clear()


def test_an_expired_permission_is_replaced_by_a_new_one(page, site):
    client = boto3.client(
        "s3",
        endpoint_url=site.s3,
        region_name="us-east-1",
        aws_access_key_id=site.server["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=site.server["AWS_SECRET_ACCESS_KEY"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    place = {"Bucket": "my-site-files", "Key": "media/x"}

    def expire(route):
        ticket = route.fetch().json()
        ticket["put"]["url"] = client.generate_presigned_url("put_object", place, ExpiresIn=1)
        time.sleep(2)
        route.fulfill(json=ticket)

    page.route("**/uploads/begin/", expire, times=1)
    choose(page, file("paper.pdf", PDF))
    expect(queued(page, "paper.pdf")).to_contain_text("The permission to upload has expired.")
    expect(uploaded(page, "paper.pdf")).to_be_visible()
    page.errors.clear()


def test_a_file_that_is_not_what_its_name_says_is_told(page):
    choose(page, file("photo.png", b"<html>"))
    expect(queued(page, "photo.png")).to_contain_text("is not what its name says")
    page.errors.clear()


def test_somebody_who_signed_out_elsewhere_is_told(page, context):
    context.clear_cookies()  # The other tests go on with theirs.
    page.goto("/")
    sign_in(page)
    other = context.new_page()
    other.goto("/")
    other.get_by_role("button", name="Sign out").click()
    other.get_by_role("heading", name="Sign in").wait_for()
    choose(page, file("paper.pdf", PDF))
    expect(queued(page, "paper.pdf")).to_contain_text("Please sign in.")
    page.errors.clear()


def test_without_javascript_the_form_uploads_and_deletes(browser, site, page):
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    plain = context.new_page()
    plain.goto("/")
    sign_in(plain)
    plain.get_by_label("Choose files").set_input_files(
        [file("photo.png", png()), file("notes.txt", b"hello"), file("setup.exe", b"MZ")]
    )
    plain.get_by_role("button", name="Upload").click()
    expect(plain.get_by_role("alert")).to_contain_text("“setup.exe” is not of an accepted type")
    expect(plain.locator("#files li")).to_have_count(0)
    plain.get_by_label("Choose files").set_input_files(
        [file("photo.png", png()), file("notes.txt", b"hello")]
    )
    plain.get_by_role("button", name="Upload").click()
    expect(plain.get_by_text("photo.png was uploaded.")).to_be_visible()
    link = presigned_url(plain, "notes.txt")
    assert get(link) == (200, b"hello")
    plain.get_by_role("link", name="Delete notes.txt").click()
    plain.get_by_role("button", name="Delete").click()
    expect(plain.get_by_text("notes.txt was deleted.")).to_be_visible()
    expect(plain.locator("#files li")).to_have_count(1)
    assert get(link)[0] == 404
    context.close()


# --- Deleting -------------------------------------------------------------------


def test_deleting_asks_first_and_removes_the_file(page):
    upload(page, file("paper.pdf", PDF), file("photo.png", png()))
    link = presigned_url(page, "paper.pdf")
    page.get_by_role("link", name="Delete paper.pdf").click()
    expect(page.get_by_role("dialog")).to_contain_text("Delete “paper.pdf”?")
    expect(page.get_by_role("dialog")).to_contain_text("You will not be able to open it")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert get(link)[0] == 200
    page.get_by_role("link", name="Delete paper.pdf").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("paper.pdf was deleted.")).to_be_visible()
    expect(page.get_by_text("paper.pdf was deleted.")).to_be_focused()
    expect(page.locator("#files li")).to_have_count(1)
    assert is_gone(link)


def test_many_files_can_be_searched_and_ordered(page):
    upload(page, *(file(f"note-{number:02}.txt", b"hello") for number in range(12)))
    expect(page.get_by_role("search")).to_have_count(0)
    page.reload()
    page.get_by_label("Search").fill("note-07")
    page.keyboard.press("Enter")
    expect(page.locator("#files li")).to_have_count(1)
    page.get_by_label("Search").fill("nothing like it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_role("link", name="Show all files").click()
    page.get_by_label("Order").select_option(label="By name")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#files .name").first).to_have_text("note-00.txt")


def test_everything_works_from_the_keyboard(page):
    upload(page, file("paper.pdf", PDF))
    page.reload()
    focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"
    seen = []
    while "Delete paper.pdf" not in seen:
        page.keyboard.press("Tab")
        seen.append(page.evaluate(focused))
        assert len(seen) < 15, seen
    assert "id_files" in seen
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Delete paper.pdf")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("paper.pdf was deleted.")).to_be_visible()


# --- Who may read, and what may run ------------------------------------------------


def test_a_reload_shows_thumbnails_without_asking_s3_again(page, network):
    upload(page, file("one.png", png((200, 30, 30))), file("two.png", png((30, 160, 60))))
    page.goto("/", wait_until="networkidle")
    assert [one for one in network.requests if one.startswith("GET") and "/media/" in one]
    network.requests.clear()
    for _ in range(2):
        page.reload(wait_until="networkidle")
        pictures = page.locator("#files img")
        expect(pictures).to_have_count(2)
        for picture in pictures.all():
            assert picture.evaluate("one => one.complete && one.naturalWidth") == 4
    assert [one for one in network.requests if "/media/" in one] == []


PHOTO = """async () => {
    // Ten megapixels, with as many details as a photo has.
    const canvas = new OffscreenCanvas(3888, 2592);
    const context = canvas.getContext("2d");
    let seed = 7;
    const random = (end) => (seed = (seed * 16807) % 2147483647) % end;
    for (let i = 0; i < 6000; i += 1) {
        context.fillStyle = `hsl(${random(360)} ${random(60)}% ${20 + random(60)}% / .6)`;
        context.fillRect(random(3888), random(2592), 8 + random(90), 8 + random(90));
    }
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
    return [...new Uint8Array(await blob.arrayBuffer())];
}"""


def test_a_page_of_fourteen_photos_loads_in_half_a_megabyte(page, context, browser, site):
    photo = bytes(page.evaluate(PHOTO))
    assert len(photo) > 500_000
    upload(page, *(file(f"photo-{number}.jpg", photo) for number in range(14)))
    fresh = browser.new_context(base_url=site.url, storage_state=context.storage_state())
    other = fresh.new_page()
    sizes = []
    other.on("requestfinished", lambda request: sizes.append(request.sizes()))
    other.goto("/", wait_until="networkidle")
    for picture in other.locator("#files img").all():
        picture.scroll_into_view_if_needed()
    expect(other.locator("#files img")).to_have_count(14)
    # The page was at rest before, so "networkidle" would not wait for what scrolling asks for.
    other.wait_for_function("[...document.images].every((one) => one.naturalWidth === 400)")
    loaded = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    fresh.close()
    assert 14 * 2_000 < loaded < 500_000


def test_the_page_has_one_presigned_url_a_file(page):
    upload(page, file("photo.png", png()), file("paper.pdf", PDF))
    page.reload()
    html = page.content()
    assert html.count("X-Amz-Signature") == 1  # of the thumbnail


def test_a_private_file_is_refused_without_its_signature(page):
    upload(page, file("photo.png", png()))
    link = presigned_url(page, "photo.png")
    assert get(link) == (200, png())
    assert get(link.partition("?")[0])[0] == 403


def test_an_svg_is_saved_and_not_shown_as_a_page(page, site):
    upload(page, file("drawing.svg", DRAWING))
    expect(uploaded(page, "drawing.svg").locator(".type")).to_have_text("svg")
    link = uploaded(page, "drawing.svg").locator("a.open")
    assert urlsplit(presigned_url(page, "drawing.svg")).netloc != urlsplit(site.url).netloc
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "drawing.svg"
    assert page.url == f"{site.url}/"


def test_an_svg_with_a_script_is_refused(page):
    choose(page, file("drawing.svg", SCRIPT))
    expect(queued(page, "drawing.svg")).to_contain_text("an SVG picture with a script")
    page.errors.clear()


def test_a_page_of_another_origin_cannot_upload(page, context, site):
    """Were another site to get hold of a ticket, its pages could not use it."""
    ticket = page.evaluate(
        """async () => {
            const form = document.querySelector("#upload");
            const response = await fetch(`${form.dataset.steps}begin/`, {
                method: "POST",
                headers: {
                    "Content-Type": "application/json",
                    "X-CSRFToken": form.csrfmiddlewaretoken.value,
                },
                body: JSON.stringify({ target: form.dataset.target, name: "notes.txt", size: 5 }),
            });
            return response.json();
        }"""
    )
    send = """async ({ put: { url, headers } }) => {
        try {
            return (await fetch(url, { method: "PUT", headers, body: "hello" })).status;
        } catch (error) {
            return error.name;
        }
    }"""
    other = context.new_page()
    refusals = []
    other.on("console", lambda message: refusals.append(message.text))
    other.route("http://other.test/", lambda route: route.fulfill(body="<!doctype html>"))
    other.goto("http://other.test/")
    assert other.evaluate(send, ticket) == "TypeError"
    assert "blocked by CORS policy" in " ".join(refusals)
    assert page.evaluate(send, ticket) == 200


# --- Every page --------------------------------------------------------------------


@pytest.fixture
def every_page(page, context):
    """Each page of the site, as a person comes to it."""
    upload(page, file("photo.png", png()), file("paper.pdf", PDF))
    admin = "/admin/uploads/upload/"
    row = uploaded(page, "photo.png").get_attribute("data-id")
    return [
        "/",
        f"/uploads/{row}/delete/",
        "/admin/",
        admin,
        f"{admin}{row}/change/",
        f"{admin}{row}/delete/",
        f"{admin}{row}/history/",
        "/admin/users/user/",
        "/admin/users/user/1/change/",
        "/admin/users/user/add/",
        "/admin/password_change/",
        "/accounts/login/",
    ]


def test_no_page_has_an_error_or_breaks_the_security_policy(page, context, every_page):
    for path in every_page:
        if path == "/accounts/login/":
            context.clear_cookies()
        response = page.goto(path, wait_until="networkidle")
        assert response.status == 200, path
        assert "script-src" in response.headers["content-security-policy"]
        assert page.errors == [], path


def test_the_admin_links_to_the_files(page):
    upload(page, file("paper.pdf", PDF))
    page.goto("/admin/uploads/upload/")
    link = page.get_by_role("link", name="paper.pdf").get_attribute("href")
    assert get(link) == (200, PDF)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(page, context, scheme, network, backup):
    page.emulate_media(color_scheme=scheme)
    check_accessibility(page, "empty")
    upload(page, file("photo.png", png()), file("paper.pdf", PDF))
    row = uploaded(page, "photo.png").get_attribute("data-id")
    choose(page, file("setup.exe", b"MZ"))
    network.let_through(2_000_000)
    choose(page, backup)
    expect(queued(page, "backup.zip")).to_contain_text("%")
    check_accessibility(page, "list")
    page.get_by_role("link", name="Delete photo.png").click()
    check_accessibility(page, "dialog")
    page.get_by_role("button", name="Keep it").click()
    network.let_through(None)
    expect(uploaded(page, "backup.zip")).to_be_visible()
    page.goto(f"/uploads/{row}/delete/")
    check_accessibility(page, "confirm")
    context.clear_cookies()
    page.goto("/")
    check_accessibility(page, "sign in")


def check_accessibility(page, name, part=None):
    # preload fetches the stylesheets, which the security policy rightly refuses.
    options = {"preload": False, "resultTypes": ["violations"]}
    results = Axe().run(page, context=part, options=options)
    faults = [
        f"{fault['id']}: {fault['help']}: {[node['html'] for node in fault['nodes']]}"
        for fault in results.response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
    assert faults == [], name


# --- At every width -------------------------------------------------------------------


def test_no_page_is_wider_than_its_window(page, context):
    upload(page, *(file(name, PDF) for name in NAMES))
    choose(page, file("x" * 120 + ".exe", b"MZ"))
    check_widths(page, "refused")
    row = uploaded(page, NAMES[0]).get_attribute("data-id")
    page.goto(f"/uploads/{row}/delete/")
    check_widths(page, "confirm")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".note")).to_contain_text("was deleted.")
    check_widths(page, "deleted")
    for path in ("/?q=" + "x" * 90, "/admin/uploads/upload/", "/nothing-here/"):
        page.goto(path)
        check_widths(page, path)
    page.errors.clear()  # of the page that is not there
    context.clear_cookies()
    for path in ("/accounts/login/", "/password-reset/", "/password-reset/MQ/set-password/"):
        page.goto(path)
        check_widths(page, path)


def check_widths(page, name):
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 860})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} px wide in a window of {width}"
        button = page.get_by_role("button", name="Sign out")
        if button.count():
            beside = page.locator(".user").bounding_box()
            assert abs(button.bounding_box()["y"] - beside["y"]) < 12, f"{name} at {width}"


def test_a_forgotten_password_is_set_again_on_the_sites_own_pages(page, context):
    context.clear_cookies()
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Forgotten your password?").click()
    expect(page.locator(".brand")).to_be_visible()
    page.get_by_label("Email").fill("nobody@example.com")
    page.get_by_role("button", name="Reset my password").click()
    expect(page.get_by_role("heading", name="Password reset sent")).to_be_visible()
    page.goto("/password-reset/MQ/set-password/")
    page.get_by_role("link", name="Send me a new link").click()
    expect(page.get_by_role("button", name="Reset my password")).to_be_visible()


def draw(page, picture):
    """An SVG picture as PNG: the page shows thumbnails of photos."""
    canvas = page.context.new_page()
    canvas.set_content(f"<style>svg {{ width: 640px }}</style>{picture.read_text()}")
    drawn = canvas.locator("svg").screenshot()
    canvas.close()
    return drawn


# --- For the README ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("uploads-light", "light", 1100),
        ("uploads-dark", "dark", 1100),
        ("uploads-narrow", "light", 390),
    ],
)
def test_the_page_fits_its_window(page, network, backup, name, scheme, width):
    """Nothing is cut off sideways; with UPDATE_SCREENSHOTS=1, this is the README's picture."""
    pictures = Path(__file__).parent / "pictures"
    for picture in sorted(pictures.iterdir()):  # One by one, for their order.
        upload(page, file(f"{picture.stem}.png", draw(page, picture)))
    upload(page, file("Minutes of the very long meeting of all departments.pdf", PDF))
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 860})
    page.goto("/")
    network.let_through(2_000_000)
    choose(page, backup)
    network.wait_until_held()
    expect(queued(page, "backup.zip")).to_contain_text("%")
    for picture in page.locator("#files img").all():
        picture.scroll_into_view_if_needed()
        page.wait_for_function("one => one.naturalWidth > 0", arg=picture.element_handle())
    page.evaluate("scrollTo(0, 0)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if os.environ.get("UPDATE_SCREENSHOTS"):
        IMAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=IMAGES / f"{name}.png")
        SEEN.write_text(digest_of_what_is_seen())
    network.let_through(None)
    expect(uploaded(page, "backup.zip")).to_be_visible()
