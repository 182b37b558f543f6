from tests.browser.conftest import chromium  # noqa: F401  (fixtures)
from tests.site import proxy, server, site  # noqa: F401
