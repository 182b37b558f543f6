"""docs/content-security-policy.md: what it tells an owner to add does that and no more."""

import pytest

from tests.deploy.pages import block


@pytest.fixture
def policies(site):
    """Return the policy of an admin's page and of another one, with lines added to the settings."""

    one = site()
    path = one.folder / "config" / "settings.py"
    as_rendered = path.read_text()

    def policies(settings="", module=""):
        (one.folder / "config" / "policy.py").write_text(module)
        path.write_text(f"{as_rendered}\n{settings}")
        paths = ("/admin/login/", "/favicon.ico")
        return one.call("serving.read_policies", *paths, DJANGO_DEBUG="on")

    return policies


def test_a_source_is_let_in_for_its_directive_alone(policies):
    before, _ = policies()
    after, _ = policies(block("content-security-policy.md", "python", "frame-src"))
    assert after.pop("frame-src") == ["https://www.youtube-nocookie.com"]
    assert after["script-src"] == [*before["script-src"], "https://cdn.example.net"]
    after["script-src"] = before["script-src"]
    assert after == before


def test_the_admin_alone_gets_a_weaker_policy(policies, launch):
    _, before = policies()
    admin, other = policies(
        'MIDDLEWARE.append("config.policy.relax_admin_policy")',
        block("content-security-policy.md", "python", "relax_admin_policy"),
    )
    assert other == before
    changed = {name for name in admin if admin[name] != before[name]}
    assert changed == {"script-src", "style-src"}
    assert admin["script-src"] == ["'self'", *before["script-src"], "'unsafe-eval'"]
    assert admin["style-src"] == ["'self'", "'unsafe-inline'"]
    browser = launch()
    try:
        assert is_styled(browser, admin) and not is_styled(browser, before)
    finally:
        browser.close()


def is_styled(browser, policy):
    """Whether a browser under this policy takes an inline style."""
    page = browser.new_page()
    header = "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())
    page.route(
        "**/*",
        lambda route: route.fulfill(
            body="<style>body { color: rgb(1, 2, 3) }</style>text",
            content_type="text/html",
            headers={"Content-Security-Policy": header},
        ),
    )
    page.goto("http://localhost/")
    return page.evaluate("getComputedStyle(document.body).color") == "rgb(1, 2, 3)"
