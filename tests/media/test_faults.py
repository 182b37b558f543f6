"""S3 and the line to it fail: a read gives all bytes or raises, a save is whole or says so."""

import pytest

# boto3 waits between its tries.
QUICK = """
from django.core.files.storage import default_storage as media
from s3files.errors import S3Error
time.sleep = lambda seconds: None
"""

READ_EACH = """
body = bytes(range(256)) * 7
body = body[:1398]
def read(_):
    try:
        with media.open("a.bin") as file:
            got = file.read()
    except S3Error as error:
        return "S3Error"
    except Exception as error:
        return repr(error)
    return "all" if got == body else f"{len(got)} bytes"
result = [read(number) for number in range(count)]
"""
BODY = (bytes(range(256)) * 7)[:1398]


def test_a_read_whose_head_is_cut_anywhere_gives_all_bytes(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/a.bin", Body=BODY)
    offsets = iter(range(1, 500, 7))
    state = {}

    def cut(request):
        if request.headers["Range"] is None:
            state["offset"] = next(offsets)
            # The body breaks off after 900 bytes, and then the next answer in its head.
            return ("cut", 400 + 900)
        return ("cut", offset) if (offset := state.pop("offset", None)) else None

    site.proxy.break_it = cut
    results = site.python(f"{QUICK}\ncount = {len(range(1, 500, 7))}\n{READ_EACH}")
    assert set(results) == {"all"}


def test_an_opening_whose_head_is_cut_anywhere_gives_all_bytes(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/a.bin", Body=BODY)
    faults = (fault for offset in range(1, 460, 9) for fault in (("cut", offset), None))
    site.proxy.break_it = lambda request: next(faults, None)
    results = site.python(f"{QUICK}\ncount = {len(range(1, 460, 9))}\n{READ_EACH}")
    assert set(results) == {"all"}


def test_a_line_that_breaks_each_time_is_an_s3_error(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/a.bin", Body=BODY)
    site.proxy.break_it = lambda request: ("cut", 150)
    assert site.python(f"{QUICK}\ncount = 2\n{READ_EACH}") == ["S3Error", "S3Error"]


ASK = """
def ask():
    answers = []
    for question in (lambda: media.size("a.bin"), lambda: media.listdir(""),
                     lambda: media.exists("a.bin"), lambda: str(media.get_modified_time("a.bin"))):
        try:
            answers.append(question())
        except S3Error as error:
            answers.append([error.operation, error.key])
    return answers
result = [ask() for _ in range(count)]
"""


def test_what_s3_knows_of_a_file_is_never_read_from_a_cut_answer(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/a.bin", Body=BODY)
    # Every second answer is cut, each at another place: in its status, its head, its body.
    offsets = range(10, 490, 6)
    faults = (fault for offset in offsets for fault in (("cut", offset), None))
    site.proxy.break_it = lambda request: next(faults, None)
    answers = site.python(f"{QUICK}\ncount = {len(offsets) // 4}\n{ASK}")
    for size, listing, exists, modified in answers:
        assert (size, listing, exists) == (1398, [[], ["a.bin"]], True)
        assert modified == answers[-1][3]
    site.proxy.break_it = lambda request: ("cut", 120)
    assert site.python(f"{QUICK}\ncount = 1\n{ASK}") == [
        [
            ["HeadObject", "media/a.bin"],
            ["ListObjectsV2", "media/"],
            ["HeadObject", "media/a.bin"],
            ["HeadObject", "media/a.bin"],
        ]
    ]


CHANGED = """
with media.open("a.bin") as file:
    first = file.read(5)
    media.replace("a.bin", ContentFile(bytes(3 * 2**20)))
    try:
        file.seek(2**21)
        result = file.read()
    except S3Error as error:
        result = [error.code, str(error)]
"""


@pytest.mark.parametrize("ignored", [False, True], ids=["If-Match", "If-Match ignored"])
def test_a_read_never_mixes_two_versions_of_an_object(site, ignored):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/a.bin", Body=b"x" * 3 * 2**20)
    drop = """
media.client.meta.events.register(
    "before-sign.s3.GetObject", lambda request, **_: request.headers.__delitem__("If-Match"))
"""
    code, message = site.python(QUICK + (drop if ignored else "") + CHANGED)
    assert code == ("ObjectChanged" if ignored else "PreconditionFailed")
    assert "media/a.bin" in message


SAVE = """
try:
    result = media.save("a.bin", ContentFile(b"x" * size))
except S3Error as error:
    result = {"code": error.code, "said": str(error)}
"""
MANY = 9 * 2**20


@pytest.mark.parametrize("size", [10, MANY], ids=["one PUT", "parts"])
def test_an_answer_that_is_lost_each_time_is_no_failed_save_when_the_object_is_there(site, size):
    site = site()
    site.python("media.save('warm.txt', ContentFile(b''))")

    def lose(request):
        last = request.method == "POST" and "uploadId" in request.query
        return "lost answer" if last or (size == 10 and request.method == "PUT") else None

    site.proxy.break_it = lose
    warm = "from s3files import writing; writing._honours_condition[media.address] = True\n"
    assert site.python(f"{QUICK}{warm}size = {size}\n{SAVE}") == "a.bin"
    head = site.s3.head_object(Bucket=site.bucket, Key="media/a.bin")
    assert head["ContentLength"] == size
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


def test_a_save_that_may_have_left_an_object_says_so(site):
    site = site()
    site.proxy.break_it = lambda r: (
        "lost answer" if r.method == "PUT" else (503 if r.method == "HEAD" else None)
    )
    warm = "from s3files import writing; writing._honours_condition[media.address] = True\n"
    failed = site.python(f"{QUICK}{warm}size = 10\n{SAVE}")
    assert "may have stored it" in failed["said"]


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload"])
def test_a_save_of_parts_that_fails_leaves_no_part(site, operation):
    site = site()

    def refuse(request):
        part = "partNumber" in request.query
        complete = request.method == "POST" and "uploadId" in request.query
        return 403 if (part if operation == "UploadPart" else complete) else None

    site.proxy.break_it = refuse
    failed = site.python(f"{QUICK}size = {3 * MANY}\n{SAVE}")
    assert failed["code"] == "AccessDenied" and operation in failed["said"]
    assert site.keys() == set()
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


def test_a_part_that_fails_is_sent_again(site):
    site = site()
    faults = iter([503, "reset", "lost answer"])
    site.proxy.break_it = lambda r: next(faults, None) if "partNumber" in r.query else None
    assert site.python(f"{QUICK}size = {3 * MANY}\n{SAVE}") == "a.bin"
    head = site.s3.head_object(Bucket=site.bucket, Key="media/a.bin")
    assert head["ContentLength"] == 3 * MANY
