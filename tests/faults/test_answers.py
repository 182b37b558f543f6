"""What is not S3's answer, and what is not S3's fault: the error says which."""

import textwrap

PAGE = b"<html><title>Hotel</title><body>Sign in to the network</body></html>"
PORTAL = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE
)
CIRCLE = (
    b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://hotel.example/\r\n"
    b"Content-Length: 0\r\n\r\n"
)


def test_a_login_page_and_a_circle_of_redirects_are_errors_that_say_what_answered(site):
    site = site()
    site.proxy.break_it = lambda request: (
        ("answer", PORTAL if "portal" in f"{request.key}{request.query}" else CIRCLE)
    )
    for folder, outcomes in site.call("answers.do_everything_in_each", "portal", "circle").items():
        said = "a redirect to http://hotel.example/" if folder == "circle" else "text/html|Sign in"
        for work, outcome in outcomes.items():
            assert outcome.startswith("S3Error: "), (folder, work, outcome)
            assert any(part in outcome for part in said.split("|")), (folder, work, outcome)
    # Nothing is asked over and over.
    assert len(site.proxy.requests) < 60


def test_a_mistake_of_the_caller_is_not_called_a_failure_of_s3(site):
    site = site()
    small, large, hook, full = site.call("answers.make_mistakes")
    assert small[0] == large[0] == "ParamValidationError" and "CacheControl" in small[1]
    assert hook == ["KeyError", "'no such key'"]
    assert full[0] == "OSError" and "No space left" in full[1]
    assert site.proxy.kinds().keys() <= {"HEAD"}


# What ~/.aws/config names: it prints keys that end in a minute, or fails.
PROCESS = """
import datetime, json, os, pathlib, sys
calls = pathlib.Path({calls!r})
with calls.open("a") as file:
    file.write(".")
if os.environ.get("FAILS"):
    sys.exit("the identity provider is down")
ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60)
print(json.dumps({{"Version": 1, "AccessKeyId": {key!r}, "SecretAccessKey": {secret!r},
                   "Expiration": ends.isoformat()}}))
"""


def configure(site, tmp_path):
    """Take the keys from a program; return the environment, and the file that counts its calls."""
    calls = tmp_path / "calls"
    calls.write_text("")
    keys = site.server["AWS_ACCESS_KEY_ID"], site.server["AWS_SECRET_ACCESS_KEY"]
    program = tmp_path / "keys.py"
    program.write_text(PROCESS.format(calls=str(calls), key=keys[0], secret=keys[1]))
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = python {program}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        site.env.pop(name)
    return {"AWS_CONFIG_FILE": str(config), "AWS_EC2_METADATA_DISABLED": "true"}, calls


def test_credentials_that_cannot_be_had_are_an_error_of_s3_in_words(site, tmp_path):
    site = site()
    environment, _ = configure(site, tmp_path)
    for outcome in site.call("answers.sign_and_save", FAILS="1", **environment):
        assert outcome.startswith("S3Error: ") and "the identity provider is down" in outcome
    nothing = {"AWS_CONFIG_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}
    link, save = site.call("answers.sign_and_save", **nothing)
    assert link == (
        "S3Error: AWS credentials: Unable to locate credentials. "
        "`python manage.py s3doctor` says what to do."
    )
    assert "of media/a.txt failed: Unable to locate credentials" in save


def test_obstore_and_boto3_renew_credentials_that_end_in_a_minute(site, tmp_path, record_property):
    site = site()
    environment, calls = configure(site, tmp_path)
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.txt").write_text(str(number))
    output = site.run("python", "manage.py", "movemedia", folder, "--copy", **environment)
    assert "40 files copied and verified" in output
    # obstore asks before each request, because they expire within the minutes that it keeps as a
    # reserve, and boto3 renews them each time.
    count = len(calls.read_text())
    record_property("calls of the credential provider for 40 files", count)
    assert 1 <= count <= 60, textwrap.shorten(output, 200)
