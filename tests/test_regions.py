"""Every region of S3 is taken; a wrong one is refused with the right one beside it."""

import re
import runpy

import botocore.session
import pytest

from tests.cli import cookiecutter, small_template
from tests.conftest import TEMPLATE
from tests.hook_rules import GOOD, POST, PRE, errors_in, suggested

SESSION = botocore.session.Session()
REGIONS = {
    partition: SESSION.get_available_regions("s3", partition)
    for partition in SESSION.get_available_partitions()
}

# What people type → what they mean.
WRONG = {
    # Slips of the finger.
    "eu-centrall-1": "eu-central-1",
    "eu-centra-1": "eu-central-1",
    "eu-central-l": "eu-central-1",
    "us-esat-1": "us-east-1",
    "us-eas-1": "us-east-1",
    "ap-souteast-1": "ap-southeast-1",
    "ap-northeast2": "ap-northeast-2",
    "useast1": "us-east-1",
    "us-gov-est-1": "us-gov-east-1",
    "cn-north-west-1": "cn-northwest-1",
    "us-east-0": "us-east-1",
    "us-east-11": "us-east-1",
    # Half of the name.
    "us-east": "us-east-1",
    "eu-central": "eu-central-1",
    # The right name in other clothes.
    "EU_CENTRAL_1": "eu-central-1",
    "EU-WEST-1": "eu-west-1",
    "eu central 1": "eu-central-1",
    " us-east-1 ": "us-east-1",
    "us-east-1\n": "us-east-1",
    "eu‑central‑1": "eu-central-1",  # hyphens of a word processor
    "'us-west-2'": "us-west-2",
    # A zone, an address.
    "eu-central-1a": "eu-central-1",
    "us-west-2-lax-1a": "us-west-2",
    "https://s3.eu-west-3.amazonaws.com": "eu-west-3",
    # A place.
    "Seoul": "ap-northeast-2",
    "서울": "ap-northeast-2",
    "Korea": "ap-northeast-2",
    "Frankfurt": "eu-central-1",
    "Germany": "eu-central-1",
    "Ireland": "eu-west-1",
    "England": "eu-west-2",
    "Tokyo": "ap-northeast-1",
    "日本": "ap-northeast-1",
    "São Paulo": "sa-east-1",
    "Zürich": "eu-central-2",
    "Frankfrut": "eu-central-1",
    "US East (N. Virginia)": "us-east-1",
    "Asia Pacific (Mumbai)": "ap-south-1",
    "GovCloud": "us-gov-west-1",
    "Beijing": "cn-north-1",
    # Other clouds' names.
    "europe-west1": "eu-west-1",
    "asia-northeast3": "ap-northeast-3",
    "koreacentral": "ap-northeast-2",
}

# Nothing is near; the whole list is the help.
HOPELESS = ["", " ", "xyzzy", "1", "eu", "local", "aws-global", "🌍"]

# Not in botocore's list, but of the shape that the next one will have.
MAYBE_NEW = ["me-west-1", "sa-west-1", "us-central-1", "eusc-de-west-1", "cn-south-1", "il-north-2"]


@pytest.mark.parametrize("hook", [PRE, POST], ids=["pre_gen", "post_gen"])
def test_the_frozen_regions_are_botocores(hook):
    frozen = {partition: list(regions) for partition, regions in hook["REGIONS"].items()}
    assert frozen == REGIONS


def test_refreshing_the_regions_changes_nothing():
    script = runpy.run_path(str(TEMPLATE / "scripts" / "refresh_regions.py"))
    for hook in script["HOOKS"]:
        text = hook.read_text(encoding="utf-8")
        assert script["replace_regions"](text, script["regions_by_partition"]()) == text


def test_refreshing_the_regions_replaces_them_all():
    script = runpy.run_path(str(TEMPLATE / "scripts" / "refresh_regions.py"))
    for hook in script["HOOKS"]:
        text = hook.read_text(encoding="utf-8")
        other = script["replace_regions"](text, {"aws": {"xx-north-1": "North Pole"}})
        start = text.index("REGIONS = {")
        end = text.index("\n}\n", start) + len("\n}\n")
        assert other == text.replace(
            text[start:end],
            'REGIONS = {\n    "aws": {\n        "xx-north-1": "North Pole",\n    },\n}\n',
        )


def test_the_first_hook_has_the_patterns_that_the_script_copies_from_the_project():
    script = runpy.run_path(str(TEMPLATE / "scripts" / "refresh_regions.py"))
    hook = (TEMPLATE / "hooks" / "pre_gen_project.py").read_text(encoding="utf-8")
    (copied,) = script["COPIED_NAMES"].findall(hook)
    module = script["NAMES"].read_text(encoding="utf-8")
    assert script["replace_names"](hook, module) == hook
    changed = module.replace("{3,63}", "{4,63}")
    assert script["replace_names"](hook, changed) == hook.replace(
        copied, copied.replace("{3,63}", "{4,63}")
    )
    assert "{3,63}" in copied and "{3,63}" not in hook.replace(copied, "")


def test_both_hooks_take_the_same_shape_for_a_new_region():
    shape = r"^REGION_SHAPE = \(\n.*?^\)\n"
    both = [
        re.findall(shape, (TEMPLATE / "hooks" / f"{name}_gen_project.py").read_text(), re.M | re.S)
        for name in ("pre", "post")
    ]
    assert len(both[0]) == 1 and both[0] == both[1]


@pytest.mark.parametrize("region", [region for names in REGIONS.values() for region in names])
def test_a_region_of_s3_is_taken(region):
    assert errors_in(aws_region=region) == {}


@pytest.mark.parametrize(("typed", "meant"), WRONG.items())
def test_a_wrong_region_is_refused_and_the_nearest_named(typed, meant):
    (reason,) = errors_in(aws_region=typed)["aws_region"]
    assert f"Nearest: {meant} (" in reason
    assert suggested(aws_region=typed)["aws_region"] == meant


@pytest.mark.parametrize("typed", [*WRONG, *HOPELESS, "auto"])
def test_the_last_hook_refuses_what_the_first_one_refuses(typed):
    with pytest.raises(SystemExit, match="AWS has no region of this name"):
        POST["check_region"](GOOD | {"aws_region": typed})


def test_auto_is_explained():
    (reason,) = errors_in(aws_region="auto")["aws_region"]
    assert "Cloudflare R2" in reason and "endpoint_url" in reason


@pytest.mark.parametrize("typed", HOPELESS)
def test_where_no_region_is_near_all_are_listed(typed):
    (reason,) = errors_in(aws_region=typed)["aws_region"]
    assert all(region in reason for region in REGIONS["aws"])


@pytest.mark.parametrize("region", MAYBE_NEW)
def test_a_region_that_may_be_new_is_taken_with_a_warning(region):
    assert errors_in(aws_region=region) == {}
    (warning,) = PRE["find_warnings"](GOOD | {"aws_region": region})
    assert f"{region} is not among the regions" in warning
    POST["check_region"](GOOD | {"aws_region": region})


def test_a_known_region_is_taken_without_a_word():
    assert list(PRE["find_warnings"](GOOD | {"aws_region": "eu-central-1"})) == []
    POST["check_region"](GOOD | {"aws_region": "eu-central-1"})


@pytest.mark.parametrize("region", ["auto", "nl-ams", "fsn1", "eu-centrall-1"])
def test_another_store_may_call_its_regions_anything(region):
    assert errors_in(aws_region=region, endpoint_url="https://s3.example.com") == {}


@pytest.mark.parametrize(("typed", "meant"), [("Nl_Ams", "nl-ams"), ("", "us-east-1")])
def test_another_stores_region_is_of_letters_digits_and_hyphens(typed, meant):
    answers = {"aws_region": typed, "endpoint_url": "https://s3.example.com"}
    assert list(errors_in(**answers)) == ["aws_region"]
    assert suggested(**answers)["aws_region"] == meant


def test_a_wrong_region_leaves_nothing_on_disk_and_the_printed_command_works(tmp_path, run):
    output = tmp_path / "a folder"
    done = cookiecutter(output, "aws_region=eu-centrall-1", "project_name=It's 우리")
    assert done.returncode == 1
    assert not output.exists()
    assert "aws_region = 'eu-centrall-1'" in done.stderr
    assert "Nearest: eu-central-1 (Frankfurt)" in done.stderr

    command = done.stderr.partition("Run this instead:\n\n")[2].partition("\n\n")[0]
    run(tmp_path, "sh", "-c", command, HOME=str(tmp_path))
    (project,) = output.iterdir()
    assert "eu-central-1" in (project / "config" / "settings.py").read_text()
    assert (project / "README.md").read_text().startswith("# It's 우리")


def test_a_region_that_may_be_new_makes_a_project(tmp_path):
    template = small_template(tmp_path / "template")
    done = cookiecutter(tmp_path / "out", "aws_region=me-west-1", template=template)
    assert done.returncode == 0
    assert "me-west-1 is not among the regions that this template knows" in done.stderr
    assert (tmp_path / "out" / "my_site" / "README.md").exists()
