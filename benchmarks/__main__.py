"""python -m benchmarks: everything side by side, on this machine."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks import static
from benchmarks.peers import TOP
from benchmarks.site import Site, compile_packages

RECORDS = TOP / "build/benchmarks/records.json"
PARTS = {"static": static.run, "growth": static.run_growth}


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")
    parser.add_argument("--quick", action="store_true", help="few files, one run, no document")
    options = parser.parse_args()
    compile_packages()
    records = []
    with tempfile.TemporaryDirectory(prefix="benchmark-site-") as folder:
        site = Site(Path(folder))
        for part in [options.only] if options.only else PARTS:
            for record in PARTS[part](site, options.quick):
                static.show(record)
                records.append(record)
    RECORDS.parent.mkdir(parents=True, exist_ok=True)
    RECORDS.write_text(json.dumps(records, indent=1))
    sys.exit(any("error" in record for record in records))


if __name__ == "__main__":
    main()
