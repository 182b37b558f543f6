"""A WSGI application that gunicorn loads before it forks: test_processes.py serves it."""

import os

import django
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media

django.setup()
# The parent has a client and open connections.
media.save("parent.txt", ContentFile(b"parent"))


def application(environ, start_response):
    number = environ["PATH_INFO"].strip("/")
    name = media.save("child.txt", ContentFile(number.encode()))
    with media.open(name) as file, media.open("parent.txt") as other:
        body = file.read() + b" " + other.read() + f" {os.getpid()}".encode()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]
