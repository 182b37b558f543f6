"""Bars, each beside what was reached: a table, and the page that shows it."""

from typing import NamedTuple

from benchmarks.peers import TOP

PAGE = TOP / "docs" / "scale.md"


class Bar(NamedTuple):
    """A figure that was asked for, and what it came to."""

    what: str
    asked: str
    reached: str
    is_reached: bool


def at_most(what, limit, value, unit=""):
    """Return the bar of a value that may not be larger than `limit`."""
    return Bar(what, f"at most {_number(limit)}{unit}", f"{_number(value)}{unit}", value <= limit)


def exactly(what, wanted, value):
    """Return the bar of a count."""
    return Bar(what, f"{wanted:,}", f"{value:,}", value == wanted)


def table(bars):
    """Return the bars in Markdown."""
    lines = ["| What | Target | Measured | OK |", "|---|---:|---:|---:|"]
    for bar in bars:
        ok = "yes" if bar.is_reached else "**no**"
        lines.append(f"| {bar.what} | {bar.asked} | {bar.reached} | {ok} |")
    return "\n".join(lines)


def write_page(target, text, page=PAGE):
    """Put the text of a make target between its two marks in the page."""
    begin, end = (f"<!-- make {target}: {which} -->" for which in ("begin", "end"))
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    rest = rest.partition(end)[2]
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest}", encoding="utf-8")


def _number(value):
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"
