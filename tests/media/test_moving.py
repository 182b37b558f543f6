"""movemedia with what lies in real folders: links, odd names, and files that only look the same."""

import io
import os

import pytest
from boto3.s3.transfer import TransferConfig


def move(site, *arguments, **options):
    return site.run("python", "manage.py", "movemedia", *map(str, arguments), **options)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "old-media"
    (root / "photos").mkdir(parents=True)
    (root / "photos" / "a.jpg").write_bytes(b"a picture")
    return root


def test_links_are_followed_and_what_has_no_content_is_named(site, folder, tmp_path):
    elsewhere = tmp_path / "another-disk"
    elsewhere.mkdir()
    (elsewhere / "b.txt").write_bytes(b"on another disk")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "twice").symlink_to(elsewhere)
    (folder / "file.txt").symlink_to(elsewhere / "b.txt")
    (folder / "photos" / "circle").symlink_to(folder)
    (folder / "gone.txt").symlink_to(tmp_path / "gone")
    (folder / "itself").symlink_to(folder / "itself")
    os.mkfifo(folder / "pipe")
    with open(os.fsencode(folder) + b"/caf\xe9.txt", "wb") as file:
        file.write(b"Latin-1")
    site = site()
    output = move(site, folder, "--copy", status=1)
    assert {key.removeprefix("media/"): site.read(key) for key in site.keys()} == {
        "photos/a.jpg": b"a picture",
        "linked/b.txt": b"on another disk",
        "twice/b.txt": b"on another disk",
        "file.txt": b"on another disk",
    }
    assert "4 to copy" in output and "5 left out" in output
    assert "Left out gone.txt: a broken link" in output
    assert "Left out itself: a broken link" in output
    assert "Left out photos/circle: a link to a folder that it is in" in output
    assert "Left out pipe: not a file" in output
    assert "Left out caf\\udce9.txt: " in output and "is not valid Unicode" in output
    assert "5 files were left out" in output


def test_another_file_of_the_same_size_is_not_there_already(site, folder):
    site = site()
    body, other = bytes(9 * 2**20), bytes(9 * 2**20 - 1) + b"1"
    # In parts of another size than ours, so that the ETag tells nothing.
    config = TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20)
    for name, content in {"same.bin": body, "other.bin": other}.items():
        (folder / name).write_bytes(body)
        site.s3.upload_fileobj(io.BytesIO(content), site.bucket, f"media/{name}", Config=config)
    output = move(site, folder, "--copy", status=1)
    assert "1 to copy" in output and "1 there already" in output
    assert "Exists with other content: other.bin" in output
    assert "1 files exist in the storage with other content" in output
    assert site.read("media/other.bin") == other


def test_one_prefix_of_a_fixed_location_is_filled(site, folder):
    site = site()
    move(site, folder, "--location", "media/2024", "--copy")
    assert site.keys() == {"media/2024/photos/a.jpg"}
    assert "1 there already" in move(site, folder, "--location", "media/2024")


VARYING = """
    @property
    def location(self):
        return "media"
"""


def test_a_storage_whose_location_varies_needs_to_be_told_which_one(site, folder):
    site = site()
    site.configure(VARYING.strip(), "MediaStorage")
    assert "name the one to use: --location media/…" in move(site, folder, status=1)
    assert "is not below 'media'" in move(site, folder, "--location", "other", status=1)
    move(site, folder, "--location", "media/acme", "--copy")
    assert site.keys() == {"media/acme/photos/a.jpg"}
    erase = ["python", "manage.py", "erasemedia", "photos/a.jpg", "--erase"]
    assert "name the one to use" in site.run(*erase, status=1)
    assert "Erased media/acme/photos/a.jpg" in site.run(*erase, "--location", "media/acme")
