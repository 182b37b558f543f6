"""The example app's page at each width, light and dark, with few and many files."""

import pytest
from playwright.sync_api import expect

from tests.browser.layout import CARDS, QUEUE, SCHEMES, WIDTHS, find_faults, make_names, measure
from tests.browser.test_uploads_page import PDF, choose, file, upload

# What follows from app.css alone, for each width of the window: where the columns of cards begin,
# the width of a card, and that of its picture.
GRID = {
    1280: ([132, 391, 650, 909], 239, 237),
    768: ([20, 269, 519], 229, 227),
    390: ([20], 350, 84),
    320: ([20], 280, 84),
}
# What is painted on what.
COLOURS = {
    "light": {
        "body": ("rgb(245, 247, 246)", "rgb(23, 33, 31)"),
        "#files li": ("rgb(255, 255, 255)", "rgb(23, 33, 31)"),
        "#files .meta": ("rgba(0, 0, 0, 0)", "rgb(82, 96, 93)"),
        "#files .type": ("rgb(230, 243, 240)", "rgb(11, 107, 94)"),
        ".bar": ("rgb(255, 255, 255)", "rgb(23, 33, 31)"),
        ".drop": ("rgb(255, 255, 255)", "rgb(23, 33, 31)"),
    },
    "dark": {
        "body": ("rgb(17, 23, 22)", "rgb(230, 238, 236)"),
        "#files li": ("rgb(26, 34, 33)", "rgb(230, 238, 236)"),
        "#files .meta": ("rgba(0, 0, 0, 0)", "rgb(159, 176, 172)"),
        "#files .type": ("rgb(22, 48, 44)", "rgb(98, 208, 187)"),
        ".bar": ("rgb(26, 34, 33)", "rgb(230, 238, 236)"),
        ".drop": ("rgb(26, 34, 33)", "rgb(230, 238, 236)"),
    },
}
COLOURS_OF = """one => {
    const { backgroundColor, color } = getComputedStyle(one);
    return [backgroundColor, color];
}"""


def check_grid(page, width):
    """Compare the cards with the table; they are read line by line, from the left."""
    columns, card, picture = GRID[width]
    cards = measure(page, CARDS)
    corners = [(round(one["item"]["y"]), round(one["item"]["x"])) for one in cards]
    assert corners == sorted(corners)
    assert sorted({x for _, x in corners}) == columns[: len(cards)]
    assert {round(one["item"]["width"]) for one in cards} == {card}
    assert {round(one["parts"]["picture"]["width"]) for one in cards} == {picture}


@pytest.mark.parametrize("count", [1, 3, 40])
def test_the_cards_are_where_they_belong_at_every_width_light_and_dark(page, count):
    upload(page, *(file(name, PDF) for name in make_names(count)))
    page.reload()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        seen = {
            part: tuple(page.locator(part).first.evaluate(COLOURS_OF)) for part in COLOURS[scheme]
        }
        assert seen == COLOURS[scheme]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 860})
            assert find_faults(page, CARDS) == [], (scheme, width)
            check_grid(page, width)


@pytest.mark.parametrize("count", [1, 3, 40])
def test_the_rows_under_way_have_room_at_every_width(page, network, backup, count):
    """One is being sent, and the others are refused."""
    network.let_through(2_000_000)
    choose(page, backup)
    network.wait_until_held()
    refused = [file(f"{name}.exe", b"MZ") for name in make_names(count - 1)]
    if refused:
        choose(page, *refused)
    expect(page.locator("#queue li")).to_have_count(count)
    expect(page.locator("#queue li").first).to_contain_text("%")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 860})
        assert find_faults(page, QUEUE) == [], width
