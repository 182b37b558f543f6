from django.core.management import call_command
from django.db import models


class Note(models.Model):
    text = models.CharField(max_length=100)


def use():
    Note.objects.create(text="kept")
    call_command("dbbackup", verbosity=0)
    call_command("dbbackup", verbosity=0, compress=True)
    Note.objects.all().delete()
    call_command("dbrestore", interactive=False, verbosity=0, uncompress=True)
    assert Note.objects.get().text == "kept"


def look():
    call_command("listbackups", verbosity=0)
    return []


def delete():
    from dbbackup.storage import get_storage

    storage = get_storage()
    names = storage.list_directory()
    assert len(names) >= 1, names
    for name in names:
        storage.delete_file(name)
