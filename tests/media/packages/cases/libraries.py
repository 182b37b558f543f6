"""Files as Pillow, zipfile, csv and pandas read and write them; pandas is not a Django app."""

import zipfile

import pandas
from cases.pictures import picture
from django.core.files.storage import default_storage
from PIL import Image

NAMES = ["picture.png", "copy.jpg", "table.csv", "table.xlsx", "files.zip"]


def use():
    default_storage.save("picture.png", picture())
    with default_storage.open("picture.png") as source, Image.open(source) as image:
        assert image.size == (200, 120)
        with default_storage.open("copy.jpg", "wb") as target:
            image.convert("RGB").resize((20, 12)).save(target, "JPEG")
    table = pandas.DataFrame({"name": ["Emma", "Мы"], "year": [1815, 1924]})
    with default_storage.open("table.csv", "wb") as target:
        table.to_csv(target, index=False)
    with default_storage.open("table.csv") as source:
        assert pandas.read_csv(source).equals(table)
    with default_storage.open("table.xlsx", "wb") as target:
        table.to_excel(target, index=False)
    with default_storage.open("table.xlsx") as source:
        assert pandas.read_excel(source).equals(table)
    with default_storage.open("files.zip", "wb") as target, zipfile.ZipFile(target, "w") as files:
        files.writestr("inner.txt", "inside")
    with default_storage.open("files.zip") as source, zipfile.ZipFile(source) as files:
        assert files.read("inner.txt") == b"inside"


def look():
    return [default_storage.url(name) for name in NAMES]


def delete():
    for name in NAMES:
        default_storage.delete(name)
