"""Content types, and first bytes: a good file is never refused for them, a disguised one is."""

import io
import zipfile

from client import Browser, BucketTestCase
from s3files._s3.content_types import INLINE_TYPES, content_type
from s3files.direct.kinds import find_contradiction
from s3files.direct.policy import UploadPolicy


def make_zip(name="word/document.xml"):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "<x/>" * 50)
    return file.getvalue()


def ftyp(brand):
    return b"\0\0\0\x20ftyp" + brand + b"\0\0\0\0mif1miaf" + bytes(60)


def box(kind):
    return b"\0\0\x10\0" + kind + bytes(60)


PNG, JPEG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)
EXE = b"MZ".ljust(60, b"\0") + (0x80).to_bytes(4, "little") + bytes(64) + b"PE\0\0L\1"
ELF, MACH_O = b"\x7fELF\x02\x01\x01", b"\xcf\xfa\xed\xfe\7\0\0\1"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script>"
SVG = b'<?xml version="1.0"?>\n<!-- x --><svg xmlns="http://www.w3.org/2000/svg"><path/></svg>'
SCRIPTED = SVG.replace(b"<path/>", b"<script>alert(1)</script>")

GOOD = [
    ("a.pdf", b"%PDF-1.7\n"),
    ("bom.pdf", b"\xef\xbb\xbf%PDF-1.4\n"),
    ("blank-line.pdf", b"\r\n%PDF-1.4\n"),
    ("printer.pdf", b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PDF\r\n%PDF-1.5\n"),
    ("windows-1252.csv", "Straße;Größe\n".encode("cp1252")),
    ("excel.csv", "a;b\n".encode("utf-16")),
    ("shift-jis.txt", "日本語のテキスト".encode("shift_jis")),
    ("euc-kr.txt", "한국어".encode("euc-kr")),
    ("bmw.csv", b"BMW;320i;1999\n"),
    ("mz.csv", b"MZ;name;" + b"x" * 200),
    ("pk.txt", b"PK is short for primary key"),
    ("page-source.txt", HTML),
    ("script.txt", b"#!/bin/sh\necho hello\n"),
    ("a.csv", b"\xef\xbb\xbfid,name\n"),
    ("data.json", b'{"a": "<html>"}'),
    ("notes.md", b"<html> in a note"),
    ("a.svg", SVG),
    ("latin.svg", SVG.replace(b'"1.0"', b'"1.0" encoding="ISO-8859-1"').replace(b" x ", b" \xe9 ")),
    *((f"{brand}.heic", ftyp(brand.encode())) for brand in "heic heix heim heis hevc".split()),
    *((f"{brand}.heic", ftyp(brand.encode())) for brand in "hevm hevs hevx mif1 msf1".split()),
    *((f"{brand}.avif", ftyp(brand.encode())) for brand in "avif avis mif1 miaf MA1B".split()),
    *((f"{kind}.mp4", box(kind.encode())) for kind in "moov mdat free styp ftyp".split()),
    ("a.mov", box(b"wide")),
    ("a.3gp", ftyp(b"3gp5")),
    ("a.m4a", ftyp(b"M4A ")),
    ("tagged.mp3", b"ID3\x04\0"),
    ("ape.mp3", b"APETAGEX\xd0\7\0\0"),
    ("padded.mp3", bytes(200) + b"\xff\xfb\x90"),
    ("riff.mp3", b"RIFF\x24\0\0\0WAVEfmt "),
    ("a.docx", make_zip()),
    ("password.xlsx", OLE),
    ("a.doc", OLE),
    ("new-in-old.doc", make_zip()),
    ("a.odt", make_zip("mimetype")),
    ("a.zip", make_zip()),
    ("empty.zip", b"PK\5\6" + bytes(18)),
    ("a.webm", b"\x1a\x45\xdf\xa3\x9f"),
    ("a.ogg", b"OggS\0\2"),
    ("a.wav", b"RIFF\x24\0\0\0WAVEfmt "),
    ("raw.dng", b"II*\0\x08\0\0\0"),
    ("unknown.xyz", HTML),
]

BAD = [
    ("page.pdf", HTML),
    ("page.docx", HTML),
    ("page.png", b"\xef\xbb\xbf \n<HTML><body>"),
    ("utf-16.jpg", "<html><script>".encode("utf-16")),
    ("commented.zip", b"<!-- a --> <!-- b --><script>x()</script>"),
    ("xhtml.pdf", b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">'),
    ("scripted.svg", SCRIPTED),
    ("loading.svg", SVG.replace(b"<path/>", b'<path onload="x()"/>')),
    ("linked.svg", SVG.replace(b"<path/>", b'<a href="javascript:x()"/>')),
    ("svg.png", SVG),
    ("scripted.png", SCRIPTED),
    ("program.docx", EXE),
    ("program.pdf", EXE),
    ("program.txt", EXE),
    ("program.jpg", ELF),
    ("program.mp4", MACH_O),
    ("script.pdf", b"#!/usr/bin/env python\n"),
    ("picture.pdf", PNG),
    ("picture.png", JPEG),
    ("picture.txt", PNG),
    ("archive.csv", make_zip()),
    ("archive.jpg", make_zip()),
    ("document.zip", b"%PDF-1.7\n"),
    ("database.csv", b"SQLite format 3\0"),
]

# What people upload, and what the example app offers.
EXTENSIONS = """
7z aac apk avi avif bin bmp csv doc docx eml epub exe flac gif glb gz heic heif html ico ics jpeg
jpg json key m4a m4v md mkv mobi mov mp3 mp4 mpeg msg numbers odp ods odt ogg opus pages pdf png
ppt pptx psd rar rtf svg tar tif txt vcf wav weba webm webp wmv xls xlsx xml yaml zip xyz 3gp
""".split()


class FirstBytesTests(BucketTestCase):
    def test_good_files_are_accepted(self):
        self.assertGreater(len(GOOD) + len(BAD), 60)
        for name, head in GOOD:
            with self.subTest(name):
                self.assertIsNone(find_contradiction(content_type(name), head))

    def test_disguised_files_are_refused(self):
        for name, head in BAD:
            with self.subTest(name):
                self.assertIsNotNone(find_contradiction(content_type(name), head))


class ContentTypeTests(BucketTestCase):
    def test_files_of_every_kind_arrive(self):
        ada = Browser("ada", "papers.Paper.file", UploadPolicy)
        for extension in EXTENSIONS:
            with self.subTest(extension):
                ada.upload(f"a.{extension}", b"x" * 10)

    def test_text_in_utf8_says_so(self):
        text = "한국어 텍스트".encode()
        for name, kind in (("a.txt", "text/plain; charset=utf-8"), ("a.bin", None)):
            with self.subTest(name):
                ticket = self.ada.send(name, text, utf8=True)
                self.ada.step("complete", token=ticket["token"])
                row = self.row(ticket["token"])
                head = self.s3.head_object(Bucket=self.bucket, Key=f"media/{row.stored_name}")
                if kind:
                    self.assertEqual(head["ContentType"], kind)
                else:
                    self.assertNotIn("charset", row.content_type)

    def test_what_phones_record_is_shown(self):
        for extension in "m4a ogg weba 3gp mkv".split():
            self.assertRegex(content_type(f"a.{extension}"), INLINE_TYPES)
