"""Files as offices and phones make them: saved, listed, and downloaded under their own names."""

import io
import zipfile
from email.message import Message

import pytest
from playwright.sync_api import expect

from tests.browser.test_uploads_page import choose, file, uploaded


def make_docx():
    document = io.BytesIO()
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>" * 50)
    return document.getvalue()


def box(kind, content=b""):
    return (8 + len(content)).to_bytes(4, "big") + kind + content


FILES = {
    "Brief an Müller.docx": make_docx(),
    "Größen.csv": "Straße;Größe\r\nÄußere;12 m²\r\n".encode("cp1252"),
    "IMG 0001.HEIC": box(b"ftyp", b"heic\0\0\0\0mif1heic") + bytes(300),
    "한국어 영상.mp4": box(b"moov", bytes(100)) + box(b"mdat", bytes(500)),
}


def read_filename(response):
    """Return the name under which a browser saves what was answered."""
    message = Message()
    message["Content-Disposition"] = response.headers["content-disposition"]
    return message.get_filename()


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_saved_listed_and_downloaded_under_its_own_name(page, name):
    choose(page, file(name, FILES[name]))
    expect(uploaded(page, name)).to_be_visible()
    page.reload()
    link = uploaded(page, name).locator("a.open")
    answer = page.request.get(link.get_attribute("href"))
    assert (read_filename(answer), answer.body()) == (name, FILES[name])
    if name.endswith(".mp4"):
        return  # A browser shows it; its menu saves it.
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == name
