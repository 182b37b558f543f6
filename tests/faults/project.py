"""What a rendered project publishes and reads, and what goes wrong with its requests."""

import re
import threading


class NamedCuts:
    """Cuts answers as the object's name says: once-120.txt, always-120.txt, range-120.txt.

    "once" and "always" are cut after 120 bytes of head and body. "range" ends after 900 bytes
    of the body at first, and the answer that has the rest is cut once, after 120 bytes.
    """

    def __init__(self, body_bytes):
        self.body_bytes = body_bytes
        self.cuts = 0
        self._seen = set()
        self._lock = threading.Lock()

    def __call__(self, request):
        name = request.key or request.query.get("prefix", [""])[0]
        found = re.search(r"(once|always|range|seek)-(\d+)", name)
        if not found:
            return None
        how, offset = found[1], int(found[2])
        is_range = "Range" in request.headers
        with self._lock:
            is_new = (name, request.method, is_range) not in self._seen
            self._seen.add((name, request.method, is_range))
            if how == "range" and not is_range:
                fault = ("cut", 900 - self.body_bytes)
            elif how == "always" or (is_new and is_range is (how in ("range", "seek"))):
                fault = ("cut", offset)
            else:
                fault = None
            self.cuts += fault is not None
        return fault


def put_all(site, names, body):
    """Store objects without the proxy."""
    for name in names:
        site.s3.put_object(Bucket=site.bucket, Key=f"media/{name}", Body=body)


def publish(site, limits, status=0, **variables):
    """Run collectstatic with other limits of s3files/publishing/uploader.py; return its output."""
    return site.call("publishing.run_collectstatic", limits, status=status, **variables)


def assert_published(site):
    """The live manifest names each file of the site, and the bucket has it as it is."""
    manifest = site.live_manifest()
    files = {
        path.relative_to(site.assets).as_posix(): path.read_bytes()
        for path in site.assets.rglob("*")
        if path.is_file()
    }
    assert manifest is not None and manifest.keys() == files.keys()
    for name, content in files.items():
        assert site.read(f"static/{name}") == content
        assert site.read(f"static/{manifest[name]}") == content
