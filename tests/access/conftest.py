from tests.site import proxy, server, site  # noqa: F401  (fixtures)
