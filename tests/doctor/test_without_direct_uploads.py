"""A project without s3files.direct: s3doctor and the checks work, and leave out its part."""

import json
import shutil

VARIABLES = {"DJANGO_SECRET_KEY": "only-for-tests", "DJANGO_DEBUG": "on"}


def remove_direct_uploads(folder):
    shutil.rmtree(folder / "s3files" / "direct")
    settings = folder / "config" / "settings.py"
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if "s3files.direct" not in line))


def test_s3doctor_checks_everything_but_direct_uploads(project, run):
    folder = project(example_app="no")
    remove_direct_uploads(folder)
    command = ["python", "-m", "s3files.server", "python", "manage.py", "s3doctor"]
    output = run(folder, *command, "--write", "--json", **VARIABLES)
    report = json.loads(output[output.index("{") :])
    steps = {step["step"]: step["ok"] for step in report["steps"]}
    assert report["ok"] and steps["objects"] and steps["links"]
    assert not {"uploads", "incoming", "upload-cors"} & set(steps)


def test_a_location_called_incoming_is_as_good_as_another(project, run):
    folder = project(example_app="no")
    check = ["python", "manage.py", "check", "--tag", "s3", "--fail-level", "WARNING"]
    remove_direct_uploads(folder)
    assert "no issues" in run(folder, *check, AWS_LOCATION="incoming", **VARIABLES)
