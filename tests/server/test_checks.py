"""The system checks: each mistake is found, and gone once its hint is followed."""

import re
import string

import pytest

from tests.conftest import TEMPLATE

# What a site in production has, where all is well.
PRODUCTION = {
    "AWS_S3_ENDPOINT_URL": None,
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "DJANGO_DEBUG": "off",
    "CACHE_URL": "rediscache://127.0.0.1:6379/0",
}

R2 = {
    "AWS_S3_ENDPOINT_URL": "https://0123abc.r2.cloudflarestorage.com",
    "AWS_S3_REGION_NAME": "auto",
}
B2 = {
    "AWS_S3_ENDPOINT_URL": "https://s3.us-west-004.backblazeb2.com",
    "AWS_S3_REGION_NAME": "us-west-004",
}

OURS = {
    "default": {"BACKEND": "config.storages.MediaStorage"},
    "staticfiles": {"BACKEND": "config.storages.StaticStorage"},
}

# id: (the mistake, the fix), each as (environment, edits of the settings).
MISTAKES = {
    "s3.E001 no bucket": (
        ({}, {"AWS_STORAGE_BUCKET_NAME": ""}),
        ({}, {"AWS_STORAGE_BUCKET_NAME": "my-bucket"}),
    ),
    "s3.W023 another class": (
        (
            {},
            {
                "STORAGES": {
                    **OURS,
                    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
                }
            },
        ),
        ({}, {"STORAGES": OURS}),
    ),
    "s3.E002 a URL for a bucket": (
        ({"AWS_STORAGE_BUCKET_NAME": "s3://my-bucket/media"}, {}),
        ({"AWS_STORAGE_BUCKET_NAME": "my-bucket"}, {}),
    ),
    "s3.E002 capitals": (
        ({"AWS_STORAGE_BUCKET_NAME": "My_Bucket"}, {}),
        ({"AWS_STORAGE_BUCKET_NAME": "my.bucket"}, {}),
    ),
    "s3.E002 an IP address": (
        ({"AWS_STORAGE_BUCKET_NAME": "192.168.5.4"}, {}),
        ({"AWS_STORAGE_BUCKET_NAME": "192.168.5.4.example"}, {}),
    ),
    "s3.E003 a city": (
        ({"AWS_S3_REGION_NAME": "Seoul"}, {}),
        ({"AWS_S3_REGION_NAME": "ap-northeast-2"}, {}),
    ),
    "s3.E003 an availability zone": (
        ({"AWS_S3_REGION_NAME": "us-east-1a"}, {}),
        ({"AWS_S3_REGION_NAME": "us-gov-west-1"}, {}),
    ),
    "s3.E003 another store's region": (
        ({"AWS_S3_REGION_NAME": "EU_1", "AWS_S3_ENDPOINT_URL": "https://s3.example.com"}, {}),
        ({"AWS_S3_REGION_NAME": "auto", "AWS_S3_ENDPOINT_URL": "https://s3.example.com"}, {}),
    ),
    "s3.E002 a storage's own bucket": (
        ({}, {"OPTIONS": {"private": {"bucket_name": "My_Bucket"}}}),
        ({}, {"OPTIONS": {"private": {"bucket_name": "my-bucket"}}}),
    ),
    "s3.E003 auto on Amazon S3": (
        ({"AWS_S3_REGION_NAME": "auto"}, {}),
        ({"AWS_S3_REGION_NAME": "auto", "AWS_S3_ENDPOINT_URL": "https://s3.example.com"}, {}),
    ),
    "s3.E003 a storage's own region": (
        ({}, {"OPTIONS": {"private": {"region_name": "Seoul"}}}),
        ({}, {"OPTIONS": {"private": {"region_name": "ap-northeast-2"}}}),
    ),
    "s3.E005 another region's endpoint": (
        ({"AWS_S3_ENDPOINT_URL": "https://s3.eu-west-1.amazonaws.com"}, {}),
        ({"AWS_S3_ENDPOINT_URL": "https://s3.us-east-1.amazonaws.com"}, {}),
    ),
    "s3.E005 another region's private link": (
        ({"AWS_S3_ENDPOINT_URL": "https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com"}, {}),
        ({"AWS_S3_ENDPOINT_URL": "https://bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com"}, {}),
    ),
    "s3.E008 private static files without a CDN": (
        ({}, {"S3_STATIC_ACL": "private"}),
        ({"AWS_S3_CUSTOM_DOMAIN": "cdn.example.com"}, {"S3_STATIC_ACL": "private"}),
    ),
    "s3.E009 a URL for a domain": (
        ({"AWS_S3_CUSTOM_DOMAIN": "https://cdn.example.com"}, {}),
        ({"AWS_S3_CUSTOM_DOMAIN": "cdn.example.com"}, {}),
    ),
    "s3.W010 keys in the settings": (
        ({}, {"AWS_S3_ACCESS_KEY_ID": "AKIA", "AWS_S3_SECRET_ACCESS_KEY": "secret"}),
        ({"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}, {}),
    ),
    "s3.W010 keys in the options": (
        ({}, {"OPTIONS": {"default": {"access_key": "AKIA", "secret_key": "secret"}}}),
        ({"AWS_PROFILE": "site"}, {}),
    ),
    "s3.W010 keys in the options of a third storage": (
        ({}, {"OPTIONS": {"public": {"access_key": "AKIA", "secret_key": "secret"}}}),
        ({}, {"OPTIONS": {"public": {"session_profile": "site"}}}),
    ),
    "s3.E011 an ID without a secret": (
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, {}),
        ({"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}, {}),
    ),
    "s3.E011 a secret without an ID": (
        ({"AWS_SECRET_ACCESS_KEY": "secret"}, {}),
        ({}, {}),
    ),
    "s3.E012 media in the bucket's root": (
        ({}, {"OPTIONS": {"default": {"location": ""}}}),
        ({}, {"OPTIONS": {"default": {"location": "uploads"}}}),
    ),
    "s3.E012 media among static files": (
        ({}, {"OPTIONS": {"default": {"location": "static/media"}}}),
        ({}, {"OPTIONS": {"default": {"location": "static-media"}}}),
    ),
    "s3.E012 files among those that nobody has looked at": (
        ({}, {"OPTIONS": {"public": {"location": "media/incoming/public"}}}),
        ({}, {"OPTIONS": {"public": {"location": "shared"}}}),
    ),
    "s3.E012 two storages in one place": (
        ({}, {"OPTIONS": {"public": {"location": "media/public"}}}),
        ({}, {"OPTIONS": {"public": {"location": "media/public", "bucket_name": "another"}}}),
    ),
    "s3.E013 the local S3 server": (
        ({"AWS_S3_ENDPOINT_URL": "http://127.0.0.1:8333"}, {}),
        ({"AWS_S3_ENDPOINT_URL": "https://s3.example.com"}, {}),
    ),
    "s3.W014 a store without TLS": (
        ({"AWS_S3_ENDPOINT_URL": "http://s3.example.com"}, {}),
        ({"AWS_S3_ENDPOINT_URL": "https://s3.example.com"}, {}),
    ),
    "s3.W014 a store that browsers reach without TLS": (
        (
            {
                "AWS_S3_ENDPOINT_URL": "https://minio.internal:9000",
                "AWS_S3_PUBLIC_ENDPOINT_URL": "http://files.example.com",
            },
            {},
        ),
        (
            {
                "AWS_S3_ENDPOINT_URL": "https://minio.internal:9000",
                "AWS_S3_PUBLIC_ENDPOINT_URL": "https://files.example.com",
            },
            {},
        ),
    ),
    "s3.W014 a store in the site's network without TLS": (
        (
            {
                "AWS_S3_ENDPOINT_URL": "http://minio.internal:9000",
                "AWS_S3_PUBLIC_ENDPOINT_URL": "https://files.example.com",
            },
            {},
        ),
        # On the same machine, behind a proxy: docs/scale.md.
        (
            {
                "AWS_S3_ENDPOINT_URL": "http://127.0.0.1:8333",
                "AWS_S3_PUBLIC_ENDPOINT_URL": "https://files.example.com",
            },
            {},
        ),
    ),
    "s3.E018 a slash in front": (
        ({"AWS_LOCATION": "/staging"}, {}),
        ({"AWS_LOCATION": "staging"}, {}),
    ),
    "s3.E018 a slash at the end": (
        ({"AWS_LOCATION": "staging/"}, {}),
        ({"AWS_LOCATION": "eu/staging"}, {}),
    ),
    "s3.E018 a folder above": (({"AWS_LOCATION": "a/../b"}, {}), ({"AWS_LOCATION": "a/b.c"}, {})),
    "s3.E018 uploads nobody looked at": (
        ({"AWS_LOCATION": "incoming"}, {}),
        ({"AWS_LOCATION": "incoming2"}, {}),
    ),
    "s3.E019 FIPS in Europe": (
        ({"AWS_USE_FIPS_ENDPOINT": "true", "AWS_S3_REGION_NAME": "eu-central-1"}, {}),
        ({"AWS_USE_FIPS_ENDPOINT": "true", "AWS_S3_REGION_NAME": "us-gov-west-1"}, {}),
    ),
    "s3.E019 FIPS of another store": (
        ({"AWS_USE_FIPS_ENDPOINT": "true", "AWS_S3_ENDPOINT_URL": "https://s3.example.com"}, {}),
        (
            {
                "AWS_USE_FIPS_ENDPOINT": "true",
                "AWS_S3_ENDPOINT_URL": "https://s3-fips.us-east-1.amazonaws.com",
            },
            {},
        ),
    ),
    "s3.E019 dual-stack where there is none": (
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_S3_REGION_NAME": "eu-isoe-west-1"}, {}),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_S3_REGION_NAME": "cn-north-1"}, {}),
    ),
    "s3.E019 FIPS in a profile alone": (
        ({"AWS_CONFIG_FILE": "FIPS_PROFILE"}, {}),
        ({"AWS_CONFIG_FILE": "FIPS_PROFILE", "AWS_USE_FIPS_ENDPOINT": "true"}, {}),
    ),
    "s3.E020 a host without a scheme": (
        ({"AWS_S3_ENDPOINT_URL": "minio:9000"}, {}),
        ({"AWS_S3_ENDPOINT_URL": "https://minio:9000"}, {}),
    ),
    "s3.E020 a bucket in the URL": (
        ({"AWS_S3_ENDPOINT_URL": "https://s3.example.com/my-bucket"}, {}),
        ({"AWS_S3_ENDPOINT_URL": "https://s3.example.com/"}, {}),
    ),
    "s3.E020 a public endpoint for Amazon S3": (
        ({"AWS_S3_PUBLIC_ENDPOINT_URL": "https://files.example.com"}, {}),
        ({"AWS_S3_CUSTOM_DOMAIN": "files.example.com"}, {}),
    ),
    "s3.E021 an ACL where there are none": (
        ({}, {"OPTIONS": {"private": {"default_acl": "authenticated-read"}}}),
        ({}, {"OPTIONS": {"private": {"default_acl": "private"}}}),
    ),
    "s3.E021 strangers that write": (
        (
            {},
            {
                "S3_OBJECT_OWNERSHIP": "BucketOwnerPreferred",
                "OPTIONS": {"private": {"default_acl": "public-read-write"}},
            },
        ),
        (
            {},
            {
                "S3_OBJECT_OWNERSHIP": "BucketOwnerPreferred",
                "OPTIONS": {"private": {"default_acl": "private"}},
            },
        ),
    ),
    "s3.E022 public and private in one bucket of R2": (
        (R2, {}),
        (
            R2,
            {
                "OPTIONS": {
                    "default": {"bucket_name": "another"},
                    "private": {"bucket_name": "another"},
                }
            },
        ),
    ),
    "s3.E022 public and private in one bucket of B2": (
        (B2, {}),
        (
            B2,
            {
                "OPTIONS": {
                    "default": {"bucket_name": "another"},
                    "private": {"bucket_name": "another"},
                }
            },
        ),
    ),
    "s3.E017 an option of django-storages": (
        ({}, {"OPTIONS": {"default": {"querystring_auth": False}}}),
        ({}, {"OPTIONS": {"default": {"querystring_expire": 60}}}),
    ),
    "s3.E017 a setting of django-storages": (
        ({}, {"AWS_S3_FILE_BUFFER_SIZE": 5242880}),
        ({}, {"AWS_S3_OBJECT_PARAMETERS": {"StorageClass": "STANDARD_IA"}}),
    ),
    "s3.W016 static files of the site itself": (
        ({}, {"STATIC_URL": "https://www.example.com/static/"}),
        ({}, {}),
    ),
    "s3.E024 static files on a path of the site": (
        ({}, {"STATIC_URL": "/assets/"}),
        ({"AWS_S3_CUSTOM_DOMAIN": "www.example.com"}, {"STATIC_URL": "/static/"}),
    ),
    "s3.E024 media on a path of the site": (
        ({}, {"MEDIA_URL": "/files/"}),
        ({}, {"MEDIA_URL": "media/"}),
    ),
}
DEPLOY_ONLY = {"s3.E013", "s3.W014", "s3.W016", "s3.W023"}


@pytest.fixture
def check(doctors_project, tmp_path):
    profile = tmp_path / "config"
    profile.write_text("[default]\nuse_fips_endpoint = true\n")

    def check(env, settings, deploy=True):
        env = {name: value.replace("FIPS_PROFILE", str(profile)) for name, value in env.items()}
        found = doctors_project.ask("check", env=PRODUCTION | env, settings=settings, deploy=deploy)
        return {item["id"]: item for item in found}

    return check


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_and_its_mending_too(mistake, check):
    check_id = mistake.split()[0]
    wrong, right = MISTAKES[mistake]
    found = check(*wrong)
    assert check_id in found
    assert found[check_id]["hint"].endswith((".", "…."))
    assert check(*right) == {}
    assert (check_id in check(*wrong, deploy=False)) is (check_id not in DEPLOY_ONLY)


def test_every_check_of_the_project_is_tried_here(doctors_project):
    assert ids_of(doctors_project) == {name.split()[0] for name in MISTAKES}


def ids_of(project):
    s3files = project.folder / "s3files"
    files = [*(s3files / "checks").glob("*.py"), s3files / "direct" / "checks.py"]
    return set(re.findall(r'id="(s3\.\w+)"', "".join(file.read_text() for file in files)))


def test_every_check_is_documented(doctors_project):
    page = (TEMPLATE / "docs" / "system-checks.md").read_text()
    assert set(re.findall(r"^\| `(s3\.\w+)`", page, re.M)) == ids_of(doctors_project)


def test_a_storage_that_is_refused_is_reported_once(check):
    refused = {"OPTIONS": {"default": {"querystring_auth": False}}}
    assert set(check({}, refused)) == {"s3.E017"}


def test_development_on_the_embedded_server_is_clean(doctors_project):
    assert doctors_project.ask("check") == []


def test_private_static_files_need_no_cdn_in_development(doctors_project):
    assert doctors_project.ask("check", settings={"S3_STATIC_ACL": "private"}) == []


def test_the_check_for_deployment_is_clean_in_a_new_project(run, doctors_project):
    variables = {
        "DJANGO_DEBUG": "off",
        "DJANGO_ALLOWED_HOSTS": "www.example.com",
        "DJANGO_SECRET_KEY": string.ascii_letters,
    }
    command = ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    run(doctors_project.folder, *command, **variables)
