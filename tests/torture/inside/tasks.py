"""Celery tasks that save files: test_workers.py starts their worker, and kills its processes."""

import hashlib
import os
import random
from pathlib import Path

import django
from celery import Celery
from celery.signals import worker_init
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media
from s3files.media.parts import PART_BYTES

django.setup()
app = Celery("tasks", broker="filesystem://")
folders = {"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"}
app.conf.update(
    broker_transport_options=folders,
    task_ignore_result=True,
    worker_enable_remote_control=False,
    # A task whose process was killed is done again.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_lost_wait=1,
)


@worker_init.connect
def save_before_the_fork(**kwargs):
    """Give the parent a client and open connections."""
    media.save("parent.txt", ContentFile(b"parent"))


def make_body(number):
    """Return the bytes of a file; one in ten is sent in parts."""
    size = 10_000 if number % 10 else PART_BYTES + 10_000
    return random.Random(number).randbytes(size)


@app.task(name="save")
def save(number):
    """Save a file, and note its name once it is saved."""
    name = media.save(f"{number}-{os.getpid()}.bin", ContentFile(make_body(number)))
    with Path("saved").open("a") as file:
        file.write(f"{name}\n")


def send(count):
    """Have the worker save so many files; return the MD5 of each."""
    for folder in set(folders.values()):
        Path(folder).mkdir()
    for number in range(count):
        save.delay(number)
    return [hashlib.md5(make_body(number)).hexdigest() for number in range(count)]
