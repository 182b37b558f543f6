from typing import Any

from django.apps import AppConfig
from django.core.signals import request_finished, request_started, setting_changed


class S3FilesConfig(AppConfig):
    """Static and media files on S3: storages, commands and system checks."""

    name = "s3files"
    # It has no models; s3files.direct, which has, keeps the label "s3files".
    label = "s3files_core"
    verbose_name = "Files on S3"

    def __init__(self, *arguments: Any):
        from .final_settings import choose_store, follow_debug

        super().__init__(*arguments)
        # Not in ready(): models are imported before, and have storages.
        follow_debug()
        choose_store()

    def development_server(self) -> Any:
        """Return the local S3 server of these settings, for `python -m s3files.server`."""
        from ._s3.store import development_server

        return development_server()

    def ready(self) -> None:
        from . import checks, csp  # noqa: F401  (importing registers them)
        from ._s3 import timeouts
        from .final_settings import complete_urls

        # Whose thread waits for S3: a visitor's request, or a command.
        request_started.connect(timeouts.begin_request)
        request_finished.connect(timeouts.end_request)
        setting_changed.connect(forget_storages)
        complete_urls()
        csp.complete_policies()


def forget_storages(*, setting: str, **kwargs: Any) -> None:
    """In tests that override a setting, have the storages made anew, as STORAGES itself does."""
    if setting.startswith(("AWS_", "S3_")):
        from django.test.signals import storages_changed

        storages_changed(setting="STORAGES")
