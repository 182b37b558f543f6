"""A site in Arabic, made as the README says, on its own pages and in the admin."""

import shlex
import shutil
from itertools import product

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import note, sign_in
from tests.browser.forms.conftest import ADD, read_sizes, row_of, write_sizes
from tests.browser.layout import CARDS, NAMES, QUEUE, SCHEMES, WIDTHS, find_faults, measure
from tests.browser.stores import running_site
from tests.browser.test_uploads_page import PDF, file
from tests.conftest import embedded_server, missing
from tests.deploy.pages import BLOCK, commands

# A handful: what is not translated stays English, as in a catalog that is not finished.
TEXTS = {
    "Files": "الملفات",
    "Drop files here, or choose them": "أفلت الملفات هنا أو اخترها",
    "Delete": "حذف",
    "Cancel": "إلغاء",
    "Remove": "إزالة",
    "Pause": "إيقاف مؤقت",
    "The file is empty.": "الملف فارغ.",
    "{size}, uploaded": "{size}، تم الرفع",
}
ENGLISH_CODE = 'LANGUAGE_CODE = "en-us"'


def add_language(folder, run, language, texts):
    """Do what the rendered README says about another language than English and Korean."""
    if not shutil.which("xgettext"):
        missing("no gettext here, which makemessages uses: apt-get install gettext")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    (block,) = [body for _, body in BLOCK.findall(readme) if "makemessages" in body]
    (makemessages,) = commands(block)
    run(folder, *shlex.split(makemessages.replace("-l de", f"-l {language}")))
    missed = set(texts)
    for path in folder.rglob(f"locale/{language}/LC_MESSAGES/django.po"):
        catalog = path.read_text(encoding="utf-8")
        for text, translation in texts.items():
            entry = f'msgid "{text}"\nmsgstr "'
            missed -= {text} if entry in catalog else set()
            catalog = catalog.replace(entry, entry + translation)
        path.write_text(catalog, encoding="utf-8")
    assert missed == set()
    run(folder, "python", "manage.py", "compilemessages")
    settings = folder / "config/settings.py"
    assert ENGLISH_CODE in settings.read_text()
    settings.write_text(settings.read_text().replace(ENGLISH_CODE, f'LANGUAGE_CODE = "{language}"'))


@pytest.fixture(scope="module")
def arabic(render, run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("arabic")
    for name in ("store", "site"):
        shutil.copytree(render(), folder / name)
    add_language(folder / "site", run, "ar", TEXTS)
    with (
        embedded_server(folder / "store") as store,
        running_site(folder / "site", store) as site,
    ):
        yield site


@pytest.fixture
def page(plain_browser, arabic):
    with plain_browser.new_context(base_url=arabic.url) as context:
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.errors = []
        page.on("console", lambda message: note(page, message.type, message.text))
        page.goto("/")
        sign_in(page)
        yield page
        assert page.errors == []


def check_direction(page):
    html = page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == ("ar", "rtl"), page.url


def test_every_page_is_from_right_to_left_and_fits_its_window(page):
    for path in ("/", ADD, "/admin/", "/admin/uploads/upload/", "/password-reset/", "/no-page/"):
        page.goto(path)
        check_direction(page)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 860})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} px wide in a window of {width}"
    page.errors.clear()  # of the page that is not there


def test_the_pages_cards_are_mirrored(page):
    page.locator("#upload input[type=file]").set_input_files([file(name, PDF) for name in NAMES])
    expect(page.locator("#files .meta").get_by_text("2,0 ك.ب")).to_have_count(len(NAMES))
    expect(page.get_by_role("heading", name="الملفات", exact=True)).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 860})
        assert find_faults(page, CARDS, rtl=True) == [], width


def test_the_widgets_rows_are_mirrored(page):
    page.goto(ADD)
    page.locator("#id_file").set_input_files(file(NAMES[0], PDF))
    page.locator("#id_cover").set_input_files(file(NAMES[2], b""))
    expect(row_of(page, NAMES[0])).to_contain_text("2,0 ك.ب، تم الرفع")
    expect(row_of(page, NAMES[2])).to_contain_text("الملف فارغ.")
    for scheme, width in product(SCHEMES, WIDTHS):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 860})
        assert find_faults(page, QUEUE, rtl=True) == [], (scheme, width)
        for one in measure(page, QUEUE):
            name, buttons = one["parts"]["name"], one["parts"]["buttons"]
            assert buttons["right"] <= name["x"] or buttons["y"] >= name["bottom"]
    assert read_sizes(page) == write_sizes("ar")
