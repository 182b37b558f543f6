"""Each setting that django-storages documents for S3 works here, or a check names it."""

import inspect
import re

import storages.backends.s3

# Written out: a setting that a new django-storages adds must be put into one of the three.
WORKS = {
    "AWS_CLOUDFRONT_KEY",
    "AWS_CLOUDFRONT_KEY_ID",
    "AWS_LOCATION",
    "AWS_S3_CUSTOM_DOMAIN",
    "AWS_S3_ENDPOINT_URL",
    "AWS_S3_OBJECT_PARAMETERS",
    "AWS_S3_REGION_NAME",
    "AWS_S3_SESSION_PROFILE",
    "AWS_STORAGE_BUCKET_NAME",
}
# s3.W010 tells that keys do not belong into settings.
KEYS = {
    "AWS_ACCESS_KEY_ID",
    "AWS_S3_ACCESS_KEY_ID",
    "AWS_S3_SECRET_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
}
REFUSED = {
    "AWS_DEFAULT_ACL",
    "AWS_IS_GZIPPED",
    "AWS_QUERYSTRING_AUTH",
    "AWS_QUERYSTRING_EXPIRE",
    "AWS_S3_ADDRESSING_STYLE",
    "AWS_S3_CLIENT_CONFIG",
    "AWS_S3_FILE_BUFFER_SIZE",
    "AWS_S3_FILE_NAME_CHARSET",
    "AWS_S3_FILE_OVERWRITE",
    "AWS_S3_MAX_MEMORY_SIZE",
    "AWS_S3_PROXIES",
    "AWS_S3_SIGNATURE_VERSION",
    "AWS_S3_TRANSFER_CONFIG",
    "AWS_S3_URL_PROTOCOL",
    "AWS_S3_USE_SSL",
    "AWS_S3_USE_THREADS",
    "AWS_S3_VERIFY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "GZIP_CONTENT_TYPES",
}


def test_the_lists_have_each_setting_of_django_storages():
    source = inspect.getsource(storages.backends.s3)
    assert set(re.findall(r'"((?:AWS|GZIP)_\w+)"', source)) == WORKS | KEYS | REFUSED


def set_in(site, values):
    with (site.folder / "config" / "test_settings.py").open("a") as settings:
        settings.writelines(f"{name} = {value!r}\n" for name, value in values.items())


def test_the_check_names_each_setting_that_does_nothing(site):
    site = site()
    set_in(site, dict.fromkeys(KEYS | REFUSED, "x"))
    found = site.call("stock_settings.list_check_messages")
    for name in REFUSED:
        assert any(id == "s3.E017" and f"setting {name} does" in said for id, said in found), name
    [keys] = [said for id, said in found if id == "s3.W010"]
    assert all(name in keys for name in KEYS)


def test_the_settings_that_work_reach_the_bucket(site):
    site = site()
    values = {
        "AWS_STORAGE_BUCKET_NAME": site.bucket,
        "AWS_S3_REGION_NAME": "eu-central-1",
        "AWS_S3_ENDPOINT_URL": site.proxy.url,
        "AWS_LOCATION": "staging",
        "AWS_S3_OBJECT_PARAMETERS": {"ContentLanguage": "ko"},
    }
    # Not from the environment, where the project looks first.
    variables = dict.fromkeys(values.keys() & site.env.keys(), "")
    set_in(site, values)
    assert site.call("stock_settings.describe_storage", **variables) == values | {
        "AWS_LOCATION": "media/staging/a.txt",
        "AWS_S3_OBJECT_PARAMETERS": "ko",
    }


def test_the_settings_that_work_make_links(site):
    site = site()
    key = site.run("openssl", "genrsa", "2048").encode()
    set_in(
        site,
        {
            "AWS_S3_CUSTOM_DOMAIN": "cdn.example.com",
            "AWS_CLOUDFRONT_KEY_ID": "K2JCJMDEHXQW5F",
            "AWS_CLOUDFRONT_KEY": key,
            "AWS_S3_SESSION_PROFILE": "site",
        },
    )
    assert site.call("stock_settings.describe_links") == {
        "AWS_S3_CUSTOM_DOMAIN": "https://cdn.example.com",
        "AWS_CLOUDFRONT_KEY_ID": "K2JCJMDEHXQW5F",
        "AWS_S3_SESSION_PROFILE": "site",
    }
