from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """The settings package as an app, so that Django finds its commands and checks."""

    name = "config"

    def ready(self):
        from . import checks  # noqa: F401  (importing registers them)
