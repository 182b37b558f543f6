"""Hear what is not S3's answer, and make mistakes: test_answers.py calls these."""

from django.core.files.base import ContentFile, File
from django.core.files.storage import storages
from s3files.storages import S3Error

media = storages["default"]
Media = type(media)


def attempt(call):
    try:
        return repr(call())
    except S3Error as error:
        return f"S3Error: {error}"


def do_everything_in(folder):
    name, large = f"{folder}/a.bin", ContentFile(bytes(9 * 2**20))
    works = {
        "save": lambda: media.save(name, ContentFile(b"a")),
        "field": lambda: media.save(name, ContentFile(b"a"), max_length=100),
        "large": lambda: media.save(name, large),
        "replace": lambda: media.replace(name, ContentFile(b"a")),
        "open": lambda: media.open(name),
        "size": lambda: media.size(name),
        "exists": lambda: media.exists(name),
        "delete": lambda: media.delete(name),
        "listdir": lambda: media.listdir(folder),
    }
    return {work: attempt(call) for work, call in works.items()}


def do_everything_in_each(*folders):
    return {folder: do_everything_in(folder) for folder in folders}


class Hooked(Media):
    def get_object_parameters(self, name):
        return {}["no such key"]


class Full(File):
    size = 5

    def seekable(self):
        return True

    def chunks(self, size=None):
        raise OSError(28, "No space left on device")


def make_mistakes():
    """Return the class and the text of the error of each mistake."""
    wrong = Media(object_parameters={"CacheControl": 5})
    errors = []
    for call in (
        lambda: wrong.save("a.txt", ContentFile(b"a")),
        lambda: wrong.save("a.txt", ContentFile(bytes(9 * 2**20))),
        lambda: Hooked().save("a.txt", ContentFile(b"a")),
        lambda: media.save("a.txt", Full(None, "a.txt")),
    ):
        try:
            call()
        except Exception as error:
            errors.append([type(error).__name__, str(error)])
    return errors


def sign_and_save():
    works = (lambda: media.url("a.txt"), lambda: media.save("a.txt", ContentFile(b"")))
    return [attempt(work) for work in works]
