"""python -m benchmarks: this project beside its peers, on this machine.

Prints what was to be reached and what was; a whole run also writes docs/benchmarks.md
and docs/benchmarks.svg. Exits with 0 when everything could be measured, whether or not
it was reached.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import media, report, static, uploads
from benchmarks.peers import TOP
from benchmarks.site import Site, compile_packages

# For each part, who runs it, and who says in a line what came out.
PARTS = {
    "static": (static.run, static.show),
    "growth": (static.run_growth, static.show),
    "media": (media.run, media.show),
    "uploads": (uploads.run, uploads.show),
}
RECORDS = TOP / "build" / "benchmarks.json"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--only", choices=PARTS, help="one part in place of all; no document")
    parser.add_argument("--quick", action="store_true", help="small, one run; no document")
    parser.add_argument(
        "--report", action="store_true", help="write the documents of the last whole run again"
    )
    options = parser.parse_args()
    # So that the servers stop and the temporary folders go then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.report:
        run = json.loads(RECORDS.read_text())
    else:
        run = measure([options.only] if options.only else list(PARTS), options.quick)
    results = report.Results(run["records"])
    if not options.only and not options.quick:
        RECORDS.parent.mkdir(exist_ok=True)
        RECORDS.write_text(json.dumps(run, indent=1))
        docs = TOP / "docs"
        (docs / "benchmarks.md").write_text(report.document(results, run["about"]))
        (docs / "benchmarks.svg").write_text(report.plot(results))
    print(report.bars_table(results, measured=bool(options.only)))
    errors = [record for record in results.records if "error" in record]
    for record in errors:
        print(f"FAILED: {record['peer']}: {record['error']}", file=sys.stderr)
    sys.exit(1 if errors else 0)


def measure(parts, quick):
    """Run the parts; return their records, and what they were measured on."""
    start = time.monotonic()
    compile_packages()
    records = []
    with tempfile.TemporaryDirectory(prefix="benchmark-site-") as folder:
        site = Site(Path(folder))
        for part in parts:
            run, show = PARTS[part]
            for record in run(site, quick):
                show(record)
                records.append(record)
    about = report.about() | {"minutes": (time.monotonic() - start) / 60}
    return {"records": records, "about": about}


if __name__ == "__main__":
    main()
