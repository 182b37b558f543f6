"""What the bucket says of files that a build tool has packed, and of text of other encodings."""

import gzip

from tests.static.project import find_kind, make_payload

# Of each name: content type, and content encoding.
KINDS = {
    "game.wasm.gz": ("application/wasm", "gzip"),
    "game.js.gz": ("text/javascript", "gzip"),
    "game.data.gz": ("application/octet-stream", "gzip"),
    "game.framework.js.br": ("text/javascript", "br"),
    "game.data.br": ("application/octet-stream", "br"),
    "sprite.svgz": ("image/svg+xml", "gzip"),
    "page.html.gz": ("text/html", "gzip"),
    "GAME.WASM.GZ": ("application/wasm", "gzip"),
    # Archives: unpacked under a name that ends with .gz, they would be of no use.
    "data.tar.gz": ("application/gzip", ""),
    "data.csv.gz": ("application/gzip", ""),
    "eng.traineddata.gz": ("application/gzip", ""),
    "js.gz": ("application/gzip", ""),
    "data.csv.br": ("application/octet-stream", ""),
    "plain.js": ("text/javascript", ""),
}


def test_a_packed_file_that_pages_load_is_unpacked_by_the_browser():
    assert {name: tuple(find_kind(name)) for name in KINDS} == KINDS
    assert find_kind("a.csv.gz", (".csv",)) == ("text/csv", "gzip")


def test_text_of_another_encoding_has_no_charset():
    kind = find_kind("a.txt")
    for text, charset in [("é".encode(), "; charset=utf-8"), ("é".encode("latin-1"), "")]:
        payload = make_payload(kind, text, "md5", gzip=False)
        assert payload.headers == {"Content-Type": f"text/plain{charset}"}
    packed = make_payload(kind, "é".encode("latin-1") * 1000, "md5", gzip=True)
    assert packed.headers == {"Content-Type": "text/plain", "Content-Encoding": "gzip"}


def test_a_name_alone_does_not_make_a_file_a_packed_one():
    kind = find_kind("a.js.gz")
    headers = make_payload(kind, b"let a", "md5", gzip=True).headers
    assert headers == {"Content-Type": "text/javascript"}


def test_packed_files_are_published_as_they_are(site):
    site = site()
    site.configure("precompressed = (*S3StaticStorage.precompressed, '.symbols')")
    packed = gzip.compress(b"let a = 1;\n" * 100)
    names = {"a.js.gz", "a.symbols.gz", "a.csv.gz"}
    site.write(dict.fromkeys(names, packed))
    site.collectstatic()
    for name, hashed_name in site.live_manifest().items():
        for key in (name, hashed_name):
            found = site.s3.get_object(Bucket=site.bucket, Key=f"static/{key}")
            assert found["Body"].read() == packed
            assert found.get("ContentEncoding") == (None if name == "a.csv.gz" else "gzip")
    site.proxy.kinds()
    site.collectstatic()
    assert "PUT" not in site.proxy.kinds()
