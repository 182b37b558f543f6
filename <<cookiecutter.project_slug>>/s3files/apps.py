from typing import Any

from django.apps import AppConfig
from django.core.signals import request_finished, request_started, setting_changed


class S3FilesConfig(AppConfig):
    """Static and media files on S3: storages, commands and system checks."""

    name = "s3files"
    verbose_name = "Files on S3"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, patience  # noqa: F401  (importing checks registers them)

        # Whose thread waits for S3: a visitor's request, or a command.
        request_started.connect(patience.begin_request)
        request_finished.connect(patience.end_request)
        setting_changed.connect(forget_storages)


def forget_storages(*, setting: str, **kwargs: Any) -> None:
    """In tests that override a setting, have the storages made anew, as STORAGES itself does."""
    if setting.startswith(("AWS_", "S3_")):
        from django.test.signals import storages_changed

        storages_changed(setting="STORAGES")
