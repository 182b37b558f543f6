"""Call movemedia and erasemedia: test_commands.py calls these."""

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media
from django.core.management import CommandError, call_command


def call_each(cases):
    """Return what each command says that it refuses."""
    messages = []
    for arguments in cases:
        try:
            call_command(*arguments)
        except CommandError as error:
            messages.append(str(error))
        else:
            messages.append("not refused")
    return messages


def save_versions():
    for content in "1", "2":
        media.replace("a.txt", ContentFile(content))
    media.delete("a.txt")
    for name in ("a.txt.bak", "folder/1", "folder/2"):
        media.save(name, ContentFile(b"x"))
