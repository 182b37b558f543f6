"""System checks of direct uploads: no other files may be in media/incoming/."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from s3files.checks.configured import find_storages
from s3files.media.storage import INCOMING


@register("s3")
def check_location_is_not_incoming(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    if settings.AWS_LOCATION.split("/")[0] == "incoming":
        yield Error(
            f"AWS_LOCATION is {settings.AWS_LOCATION!r}: media/incoming/ holds unchecked uploads, "
            "which are deleted after a week.",
            hint="Give another name, such as staging.",
            id="s3.E018",
        )
        return
    for alias, storage in find_storages().items():
        if f"{storage.prefix}/".startswith(f"{INCOMING}/"):
            yield Error(
                f"STORAGES[{alias!r}] keeps its files in {storage.prefix!r}: {INCOMING}/ holds "
                "unchecked uploads, which are deleted after a week.",
                hint="Give its class in config/storages.py another location.",
                id="s3.E012",
            )
