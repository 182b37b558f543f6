"""The pages are found from one another, on GitHub and without a build."""

import re

import pytest

from tests.conftest import TEMPLATE

PAGES = [
    *sorted(TEMPLATE.glob("*.md")),
    *sorted((TEMPLATE / "docs").glob("*.md")),
]
# Headings as GitHub names them.
SLUG = re.compile(r"[^\w\- ]")


def anchors(page):
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {SLUG.sub("", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name} links {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name} links {link}"


def test_the_index_names_every_page():
    index = (TEMPLATE / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (TEMPLATE / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


def test_the_rendered_readme_links_pages_that_exist(render):
    text = (render() / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"django-s3-template/blob/main/([\w./-]+)", text)
    assert len(linked) > 4
    for name in linked:
        assert (TEMPLATE / name).exists(), name
