"""Do what docs/costs.md says the price of: test_costs.py calls this."""

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media

# Each gets the name of a file that is there, and one that is free.
ACTIONS = {
    "saving a file (up to 8 MB)": lambda name, free: media.save(free, ContentFile(b"1")),
    "a link": lambda name, free: media.url(name),
    "reading a media file": lambda name, free: media.open(name).read(),
    "`exists()`, `size()` or `get_modified_time()` of a media file": lambda name, free: (
        media.exists(name)
    ),
    "deleting a file": lambda name, free: media.delete(name),
}


def repeat(action, times):
    """Save a file, and do something so many times."""
    name = media.save(f"first{times}.jpg", ContentFile(b"1"))
    for number in range(times):
        ACTIONS[action](name, f"{times}/{number}.jpg")
