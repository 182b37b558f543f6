"""Where nothing is wrong s3doctor says so, and needs no right that the site does not have."""

from tests.doctor.circumstances import on_aws, on_aws_with_cdn


def marks(steps):
    return {name: {True: "✓", False: "✗", None: "–"}[step["ok"]] for name, step in steps.items()}


def complaints(steps):
    return [(name, step["said"]) for name, step in steps.items() if step["ok"] is False]


def test_every_step_passes_on_the_development_server(doctors_project):
    steps, code = doctors_project.s3doctor("--write")
    assert (complaints(steps), code) == ([], 0)
    # What only Amazon has is not checked, and says why.
    not_asked = {"region", "cdn-host", "ownership", "public-access-block"}
    not_asked |= {"versioning", "lifecycle", "encryption", "cdn"}
    assert {name for name, mark in marks(steps).items() if mark != "✓"} == not_asked
    assert "Amazon S3 only" in steps["ownership"]["said"]


def test_every_step_passes_on_amazon_with_a_cdn(doctors_project, aws):
    steps, code = doctors_project.s3doctor("--write", **on_aws_with_cdn(aws))
    assert (complaints(steps), code) == ([], 0)
    assert set(marks(steps).values()) == {"✓"}
    assert "arn:aws:iam::111122223333:user/mateo" in steps["credentials"]["said"]
    assert aws.objects == {}, "s3doctor left something behind"


def test_without_write_nothing_is_written(doctors_project, aws):
    steps, code = doctors_project.s3doctor(**on_aws(aws))
    assert (complaints(steps), code) == ([], 0)
    assert steps["objects"]["ok"] is None
    writes = {"PutObject", "DeleteObject", "CreateMultipartUpload", "UploadPart"}
    assert not writes & set(aws.asked)


def test_incoming_uploads_are_closed_if_media_is_public(project, run):
    folder = project(media_acl="public-read")
    command = ["python", "-m", "s3files.server", "python", "manage.py", "s3doctor", "--write"]
    only = ["--only=objects", "--only=links", "--only=uploads", "--only=incoming"]
    output = run(folder, *command, *only, DJANGO_SECRET_KEY="only-for-tests", DJANGO_DEBUG="on")
    assert "No failures: 4 steps passed." in output, output
