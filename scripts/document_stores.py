"""Write the table of docs/stores.md from the reports that `make compat` leaves in build/."""

import json
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).resolve().parent.parent
REPORTS = TEMPLATE / "build" / "compat" / "reports"
PAGE = TEMPLATE / "docs" / "stores.md"
BEGIN, END = "<!-- make compat: begin -->", "<!-- make compat: end -->"
# The steps of s3doctor that say the most about a store, and what the columns call them.
STEPS = {
    "objects": "files",
    "uploads": "browser uploads",
    "unsigned-headers": "unsigned headers have no effect",
    "incoming": "`incoming/` closed",
    "links": "presigned, public and private URLs",
    "static": "static files",
    "cors": "CORS",
}


def table(reports: list[dict[str, Any]]) -> str:
    """Return the Markdown table; one row for each report."""
    head = ["Store", *STEPS.values(), "The project's tests"]
    rows = [head, ["---"] * len(head), *map(row, reports)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def row(report: dict[str, Any]) -> list[str]:
    steps = [mark(*report["doctor"][step]) for step in STEPS]
    count = report["tests"]["count"]
    return [report["store"], *steps, f"{count - len(report['tests']['failed'])} of {count}"]


def mark(ok: bool | None, said: str) -> str:
    """Return ✓, ✗ or –, and what the store does not enforce or have."""
    if not ok:
        return "–" if ok is None else f"✗ {said.partition(':')[0]}"
    if loose := said.partition("not enforced by this store: ")[2].partition(")")[0]:
        return f"✓ but not enforced: {loose}"
    if "conditional PUT ignored" in said or "conditional PUT refused" in said:
        return "✓ but no conditional PUT"
    return "✓"


def main() -> None:
    reports = [json.loads(path.read_text()) for path in sorted(REPORTS.glob("*.json"))]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = f"{before}{BEGIN}\n\n{table(reports)}\n\n{END}{after}"
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE} has the results of {len(reports)} stores.")


if __name__ == "__main__":
    main()
