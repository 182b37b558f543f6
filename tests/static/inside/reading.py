"""Read static files through their storage: test_reading_static_files.py calls these."""

import time

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.template import engines

static = storages["staticfiles"]


def attempt(question):
    try:
        return question()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def read_text(name):
    with static.open(name) as file:
        return file.read().decode()


def measure_age(name):
    return time.time() - static.get_modified_time(name).timestamp()


def ask_everything(names):
    """Return what each method of the storage says of these files."""
    return {
        "exists": [static.exists(name) for name in names],
        "text": [attempt(lambda name=name: read_text(name)) for name in names],
        "size": [attempt(lambda name=name: static.size(name)) for name in names],
        "age": [attempt(lambda name=name: measure_age(name)) for name in names],
        "root": [sorted(part) for part in static.listdir("")],
        "img": [sorted(part) for part in static.listdir("img")],
        "nowhere": attempt(lambda: static.listdir("nowhere")),
        "path": attempt(lambda: static.path("b.js")),
        "save": attempt(lambda: static.save("x.css", ContentFile(b""))),
        "delete": attempt(lambda: static.delete("b.js")),
        "write": attempt(lambda: static.open("b.js", "w")),
    }


def render(name):
    tag = f"{{% load static %}}{{% static '{name}' %}}"
    return engines["django"].from_string(tag).render()


def render_each(names):
    return [attempt(lambda name=name: render(name)) for name in names]
