import html
import re

from cases.pictures import signed_in, upload
from ckeditor_uploader.utils import storage
from django.urls import include, path


def urls():
    return [path("ckeditor/", include("ckeditor_uploader.urls"))]


def use():
    client = signed_in()
    for _ in range(2):
        answer = client.post("/ckeditor/upload/", {"upload": upload()}).json()
        assert answer["uploaded"] == "1"


def look():
    page = signed_in().get("/ckeditor/browse/").content.decode()
    originals = re.findall(r'<input href="([^"]+)" class="default embed"', page)
    thumbnails = re.findall(r'<img src="(http[^"]+)"', page)
    assert len(originals) == 2, page
    return [html.unescape(url) for url in originals + thumbnails]


def delete():
    def walk(folder):
        folders, files = storage.listdir(folder)
        for name in folders:
            walk(f"{folder}/{name}")
        for name in files:
            storage.delete(f"{folder}/{name}")

    walk("editor")
