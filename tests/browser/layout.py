"""What a screenshot shows of a list of files, as numbers that a test compares.

Pictures themselves differ with each version of Chromium and each set of fonts, and a tolerance
that forgives this forgives a lost button as well. The boxes of cards, pictures and columns, and the
colours, depend on the stylesheet alone. Of the texts, whose boxes depend on fonts, it checks what
makes a page broken: parts outside their card, parts over each other, the wrong side, too small.
"""

from collections import defaultdict
from itertools import combinations
from pathlib import Path

MEASURE = (Path(__file__).parent / "layout.js").read_text(encoding="utf-8").rstrip().rstrip(";")
WIDTHS = (1280, 768, 390, 320)
SCHEMES = ("light", "dark")
NAMES = [
    "A-very-long-name-without-any-space" * 3 + ".pdf",
    "전 부서가 참석한 아주 긴 회의의 회의록 최종본 수정본.pdf",
    "محضر الاجتماع الطويل لجميع الأقسام.pdf",
]
CARDS = {
    "items": "#files li",
    "parts": {"picture": "img, .type", "name": ".name", "meta": ".meta", "delete": ".delete"},
}
QUEUE = {
    "items": "#queue li, [data-queue] li",
    "parts": {"name": ".name", "bar": "progress", "state": ".state", "buttons": ".buttons"},
}
# "Target Size (Minimum)" of WCAG 2.2.
SMALLEST_BUTTON = 24
SMALLEST_NAME = 120
LARGEST_PADDING = 14


def make_names(count):
    """Return long, Korean and Arabic names of files, each once."""
    return [f"{number} " * (number > 2) + NAMES[number % 3] for number in range(count)]


def measure(page, what):
    found = page.evaluate(MEASURE, what)
    assert found, f"no {what['items']}"
    return found


def is_inside(part, item):
    return (
        part["x"] >= item["x"] - 1
        and part["right"] <= item["right"] + 1
        and part["y"] >= item["y"] - 1
        and part["bottom"] <= item["bottom"] + 1
    )


def overlap(one, other):
    across = min(one["right"], other["right"]) - max(one["x"], other["x"])
    down = min(one["bottom"], other["bottom"]) - max(one["y"], other["y"])
    return across > 1 and down > 1


def gap_at_start(part, box, rtl):
    """How far a part is from the side of a box on which a line of the page begins."""
    return box["right"] - part["right"] if rtl else part["x"] - box["x"]


def find_line_gaps(one, rtl):
    """Return how far each line of a name begins from the side of its box; lines have many runs."""
    lines = defaultdict(list)
    for run in one["lines"]:
        lines[round(run["bottom"])].append(gap_at_start(run, one["parts"]["name"], rtl))
    return [min(gaps) for gaps in lines.values()]


def find_faults_of(one, rtl):
    parts, item = one["parts"], one["item"]
    for name, part in parts.items():
        if not is_inside(part, item):
            yield f"{name} is outside"
    for first, second in combinations(parts, 2):
        if overlap(parts[first], parts[second]):
            yield f"{first} and {second} overlap"
    if parts["name"]["width"] < SMALLEST_NAME:
        yield f"the name has {parts['name']['width']:.0f} px"
    gaps = find_line_gaps(one, rtl)
    if not gaps or max(gaps) > LARGEST_PADDING:
        yield f"the lines of the name begin {gaps} px from its side"
    button = parts.get("delete") or parts["buttons"]
    if gap_at_start(button, parts["name"], rtl) < 0:
        yield "the button comes before the name"
    if "buttons" in parts and button["height"] < SMALLEST_BUTTON:
        yield f"the buttons are {button['height']:.0f} px high"


def find_faults(page, what, rtl=False):
    """Return what is wrong with the items of a list, in words, for any text in any font."""
    width, wide = page.viewport_size["width"], page.evaluate("document.documentElement.scrollWidth")
    faults = [f"the page is {wide} px wide"] if wide > width else []
    for number, one in enumerate(measure(page, what)):
        faults += [f"{number}: {fault}" for fault in find_faults_of(one, rtl)]
    return faults
