"""prunestatic removes what no kept release is made of, and nothing else."""

import json
import time

import pytest


def publish(site, *numbers):
    """Publish these releases; return the keys that each is made of."""
    return [set(keys) for keys in site.call("publishing.publish_releases", *numbers)]


def prune(site, *options):
    return site.run("python", "manage.py", "prunestatic", *options)


@pytest.fixture
def releases(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="static/robots.txt", Body=b"mine")
    site.s3.put_object(Bucket=site.bucket, Key="media/site.0123456789ab.css", Body=b"a user's")
    return site, publish(site, 0, 1, 2, 3)


def test_it_only_shows_until_it_is_told_to_delete(releases):
    site, made = releases
    before = site.keys()
    output = prune(site, "--older-than", "0d", "--keep", "1")
    assert site.keys() == before
    for key in made[0] - made[3]:
        assert f"Would delete {key.removeprefix('static/')}" in output


def test_kept_releases_stay_whole(releases):
    site, made = releases
    before = site.keys()
    prune(site, "--older-than", "0d", "--keep", "2", "--delete")
    kept = made[3] | made[2]
    gone = (made[0] | made[1]) - kept
    after = site.keys()
    assert kept <= after and not gone & after
    assert before - after == gone
    assert {"static/robots.txt", "media/site.0123456789ab.css"} <= after
    site.collectstatic()
    site.live_manifest()


def test_each_request_that_fails_once_is_repeated(releases):
    site, made = releases
    failed = set()

    def fail_once(request):
        is_new = (request.kind, request.key) not in failed
        failed.add((request.kind, request.key))
        return 503 if is_new else None

    site.proxy.break_it = fail_once
    prune(site, "--older-than", "0d", "--keep", "1", "--delete")
    assert {kind for kind, _ in failed} == {"LIST", "GET", "POST"}
    after = site.keys()
    assert made[3] <= after and not (made[0] - made[3]) & after


def test_a_young_file_stays(releases):
    site, _ = releases
    before = site.keys()
    prune(site, "--keep", "1", "--delete")
    assert site.keys() == before


def test_the_live_release_stays_though_it_was_published_first(releases):
    site, made = releases
    assert publish(site, 0) == [made[0]]
    prune(site, "--older-than", "0", "--keep", "1", "--delete")
    assert made[0] <= site.keys()
    assert not (made[3] - made[0]) & site.keys()


def test_what_no_manifest_names_goes_only_when_asked(releases):
    site, made = releases
    left = "static/half.0123456789ab.css"
    site.s3.put_object(Bucket=site.bucket, Key=left, Body=b"")
    prune(site, "--older-than", "0d", "--delete")
    assert left in site.keys()
    prune(site, "--older-than", "0d", "--delete", "--unknown")
    assert left not in site.keys() and made[3] <= site.keys()
    assert {"static/robots.txt", "media/site.0123456789ab.css"} <= site.keys()


def test_a_release_from_before_each_had_a_manifest_stays(releases):
    site, made = releases
    for key in [key for key in site.keys("static/staticfiles.") if key.count(".") == 2]:
        site.s3.delete_object(Bucket=site.bucket, Key=key)
    before = site.keys()
    prune(site, "--older-than", "0d", "--delete")
    assert site.keys() == before
    prune(site, "--older-than", "0d", "--delete", "--unknown")
    assert "static/only-0.cfcd208495d5.txt" in before - site.keys()
    assert {key for key in made[3] if not key.startswith("static/staticfiles.")} <= site.keys()


def test_originals_that_no_kept_release_has_go_with_it(releases):
    site, _ = releases
    prune(site, "--older-than", "0d", "--keep", "1", "--delete")
    assert "static/only-3.txt" in site.keys()
    assert "static/only-0.txt" not in site.keys()


def test_a_release_that_came_back_counts_from_then(releases):
    site, made = releases
    publish(site, 0)
    publish(site, 4)
    prune(site, "--older-than", "0d", "--keep", "2", "--delete")
    assert made[0] <= site.keys()
    assert not made[3] <= site.keys()


def test_without_a_manifest_it_deletes_nothing(releases):
    site, _ = releases
    site.s3.delete_object(Bucket=site.bucket, Key="static/staticfiles.json")
    before = site.keys()
    output = site.run("python", "manage.py", "prunestatic", "--older-than=0", "--delete", status=1)
    assert (
        "static/staticfiles.json, which lists the files in use. Run collectstatic first." in output
    )
    assert site.keys() == before


def test_a_wrong_age_is_explained(site):
    output = site().run("python", "manage.py", "prunestatic", "--older-than", "soon", status=2)
    assert "'soon' is not a number of days, such as 30d" in output


@pytest.mark.parametrize("blank", ["first", "second"])
def test_environments_that_share_a_bucket_leave_each_other_alone(site, blank):
    """Whichever has the blank AWS_LOCATION: the other's files are below its prefix."""
    site = site()
    locations = ["", "staging"] if blank == "first" else ["staging", ""]
    for location in locations:
        site.env["AWS_LOCATION"] = location
        publish_in(site, location, 0, 1, 2)
    for location in locations:
        site.env["AWS_LOCATION"] = location
        own = f"static/{location}/".replace("//", "/")
        before = site.keys()
        output = prune(site, "--older-than=0d", "--keep=1", "--unknown", "--delete")
        gone = before - site.keys()
        assert gone and all(key.startswith(own) for key in gone)
        assert all(("/staging/" in key) == (location == "staging") for key in gone)
        assert "Deleted" in output and f"s3://{site.bucket}/{own}" in output
        live = site.read(f"{own}staticfiles.json")
        assert {f"{own}{name}" for name in json.loads(live)["paths"].values()} <= site.keys()


def publish_in(site, location, *numbers):
    for number in numbers:
        site.write({"same.css": "a {}", "new.css": f"{location} {{ width: {number}px }}"})
        site.collectstatic()
        time.sleep(1.1)  # a listing's times are in seconds


def test_a_folder_with_the_name_of_another_environment_is_not_published(site):
    site = site()
    site.write({"a.css": "a {}"})
    site.collectstatic(AWS_LOCATION="staging")
    before = site.keys()
    site.write({"staging/a.css": "b {}"})
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    assert f"s3://{site.bucket}/static/staging/ has the files of another environment" in output
    assert {key for key in site.keys() if "/staging/" in key} == before
    assert site.read("static/staging/a.css") == b"a {}"
    assert "static/staticfiles.json" not in site.keys()
