"""Thousands of saves on a broken line, and killed ones: nothing torn, nothing lost."""

import hashlib
import random
import re
import time

import pytest

from tests.torture.faults import RandomFaults

pytestmark = [pytest.mark.torture, pytest.mark.timeout(900)]

PART = 5 * 2**20
SIZES = [2**20, 2 * 2**20, 5 * 2**20, 20 * 2**20]
EMPTY = hashlib.md5(b"").hexdigest()
# What the error of a failed save says that S3 may have.
MAY_BE_WHOLE = "may have stored it"
MAY_BE_EMPTY = "An empty object may stay"


def number_in(name):
    """Return the number of the file that was saved as `7.bin` or `7_random.bin`."""
    return int(name.partition(".")[0].partition("_")[0])


def stored(site):
    """Return the MD5 of each object, by its name."""
    return {
        key.removeprefix("media/"): hashlib.md5(site.read(key)).hexdigest()
        for key in site.keys("media/")
    }


def test_saves_with_random_faults(site, record_property):
    site = site()
    site.proxy.break_it = faults = RandomFaults(random.Random(3), 0.25)
    outcomes = []
    for start in range(0, 2000, 500):
        waits = {"read": 2, "total": 3.5, "tries": 4}
        numbers = (start, start + 500)
        outcomes += site.call("saves.save_range", waits, PART, *numbers, timeout=600)
    objects = stored(site)
    bodies = {number: md5 for number, _, md5, _ in outcomes}
    saved = {name: md5 for _, name, md5, _ in outcomes if name}
    failed = {number: message for number, name, _, message in outcomes if not name}
    lost = [name for name, md5 in saved.items() if objects.get(name) != md5]
    rest = objects.keys() - saved.keys()
    said = [name for name in rest if MAY_BE_WHOLE in failed.get(number_in(name), "")]
    # The name of a large file is held by an empty object.
    empty = [
        name
        for name in rest
        if objects[name] == EMPTY and MAY_BE_EMPTY in failed.get(number_in(name), "")
    ]
    torn = [name for name in rest - {*empty} if objects[name] != bodies[number_in(name)]]
    unsaid = rest - {*said, *empty}
    parts = site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads", [])
    with_parts = [
        upload["Key"]
        for upload in parts
        if site.s3.list_parts(
            Bucket=site.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
        ).get("Parts")
        and "lifecycle" not in failed.get(number_in(upload["Key"].removeprefix("media/")), "")
    ]
    record_property("saves", len(outcomes))
    record_property("faults", faults.count)
    record_property("failed", len(failed))
    record_property("left and said so", len(rest) - len(unsaid))
    record_property("of these empty", len(empty))
    record_property("left unsaid", len(unsaid))
    record_property("lost", len(lost))
    record_property("torn", len(torn))
    record_property("parts left unsaid", len(with_parts))
    assert faults.count > 500 and len(saved) > 1000
    assert not lost and not torn and not unsaid and not with_parts


def test_processes_killed_while_they_save(site, record_property, tmp_path):
    site, chance, kills = site(), random.Random(4), 12
    acknowledged, saved = set(), tmp_path / "saved"
    for seed in range(kills):
        saved.write_text("")
        process = site.start_call("saves.save_until_killed", PART, seed, str(saved))
        while not saved.read_text():
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 1))
        process.kill()
        process.wait()
        acknowledged.update(re.findall("(.+)\n", saved.read_text()))
    bodies = {}
    objects = stored(site)
    for name in objects:
        number = int(name.partition("-")[2].partition(".")[0])
        size = PART + 1000 if number % 10 == 0 else 1000
        bodies[name] = hashlib.md5(random.Random(number).randbytes(size)).hexdigest()
    # Outside of AWS an empty object may have the name of a large file whose save was killed.
    left = {name for name, md5 in objects.items() if md5 == EMPTY} - acknowledged
    torn = [name for name in objects.keys() - left if objects[name] != bodies[name]]
    lost = acknowledged - objects.keys()
    record_property("kills", kills)
    record_property("empty, and not acknowledged", len(left))
    record_property("saved", len(acknowledged))
    record_property("lost", len(lost))
    record_property("torn", len(torn))
    assert acknowledged and not lost and not torn


def test_web_requests_that_save_at_200_kb_a_second(site, record_property):
    site = site()
    site.call("media.save", "first.txt", "finds out what the store knows")
    site.proxy.break_it = lambda request: (
        ("up", 200_000) if request.kind in ("PUT", "PART") else None
    )
    for size, name, seconds in site.call("saves.save_as_web_requests", SIZES, timeout=300):
        assert name == f"{size}.bin"
        assert site.s3.head_object(Bucket=site.bucket, Key=f"media/{name}")["ContentLength"] == size
        record_property(f"{size / 2**20:.0f} MB", f"saved in {seconds:.0f} s")
