"""The pages are found from one another, on GitHub and without a build."""

import re

import pytest

from tests.conftest import TEMPLATE
from tests.deploy.pages import blocks, commands

PAGES = [
    *sorted(TEMPLATE.glob("*.md")),
    *sorted((TEMPLATE / "docs").glob("*.md")),
]
# Headings as GitHub names them.
SLUG = re.compile(r"[^\w\- ]")
# A block of commands, also one that is indented as part of a list.
SHELL = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


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


def test_each_page_with_a_step_for_aws_links_the_page_of_what_never_ran_there():
    name = "never-run-on-aws.md"
    text = (TEMPLATE / "docs" / name).read_text(encoding="utf-8")
    pages = set(re.findall(r"\]\((deploy-[\w-]+\.md)\)", text))
    assert len(pages) == 3
    for page in [*pages, "access.md", "first-deploy.md", "README.md"]:
        assert f"({name})" in (TEMPLATE / "docs" / page).read_text(encoding="utf-8"), page


def test_every_page_publishes_a_release_before_it_migrates(render):
    project = render()
    pages = [*PAGES, project / "README.md", *(project / "infra").glob("*.md")]
    both = []
    for page in pages:
        for text in SHELL.findall(page.read_text(encoding="utf-8")):
            if "manage.py collectstatic" in text and "manage.py migrate" in text:
                both.append(page.name)
                publishes, migrates = map(text.index, ("manage.py collect", "manage.py migrate"))
                assert publishes < migrates, f"{page.name}:\n{text}"
    assert {"README.md", "deploy-image.md", "deploy-vm.md", "rolling-deploys.md"} <= set(both)


def test_the_deploy_from_github_is_on_one_page():
    pages = [page for page in PAGES if "oidc-provider/" in page.read_text(encoding="utf-8")]
    assert [page.name for page in pages] == ["deploy-github.md"]


def test_each_command_of_the_first_deploy_is_one_of_a_page_that_tests_follow(render):
    project = render(project_name="My site")
    pages = [project / "README.md", project / "infra" / "README.md"]
    pages += [TEMPLATE / "README.md", TEMPLATE / "docs" / "deploy-vm.md"]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    known = " ".join(text.replace("\\\n", " ").split())
    for block in blocks("first-deploy.md", "sh"):
        for command in commands(block):
            assert command.removeprefix(".venv/bin/") in known, command
