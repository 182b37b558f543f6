"""What access.py decides reaches the storages, the policy and s3doctor of a rendered project."""

CDN = "cdn.example.com"
SECOND = "second-bucket"


def test_a_cdn_that_is_not_cloudfront_reads_through_the_policy_and_s3doctor_leaves_that_open(site):
    china = site(aws_region="cn-north-1")
    aws = {"AWS_S3_ENDPOINT_URL": "", "S3_EMBEDDED": "off", "AWS_S3_CUSTOM_DOMAIN": CDN}
    assert china.call("deciding.find_blocks", AWS_S3_REGION_NAME="cn-north-1", **aws) == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    cloudfront = china.call("deciding.find_blocks", AWS_S3_REGION_NAME="eu-central-1", **aws)
    assert set(cloudfront.values()) == {True}


def test_nothing_is_readable_past_the_cdn_if_static_files_are_private(site):
    closed = site(
        object_ownership="BucketOwnerPreferred",
        media_acl="public-read",
        static_acl="private",
        cdn_domain=CDN,
    )
    closed.env["AWS_S3_CUSTOM_DOMAIN"] = CDN
    closed.write({"site.css": "body {}"})
    closed.call("media.save", "a.txt", "kept")
    closed.collectstatic()
    sent = {
        item.key: item.headers["x-amz-acl"] for item in closed.proxy.requests if item.kind == "PUT"
    }
    assert {"media/a.txt", "static/staticfiles.json"} <= sent.keys()
    assert set(sent.values()) == {"private"}
    urls = closed.call("media.make_urls_of", ["default", "a.txt"], ["public", "a"])
    assert urls == [f"https://{CDN}/media/a.txt", f"https://{CDN}/media/a"]


def test_a_page_can_upload_to_and_show_files_from_a_storages_own_bucket(site):
    second = site()
    endpoint, first = second.proxy.url, second.bucket
    before = second.call("deciding.read_policy")
    assert before["img-src"][2:] == [f"{endpoint}/{first}/media/", f"{endpoint}/{first}/public/"]
    second.configure(f"bucket_name = {SECOND!r}", "MediaStorage")
    after = second.call("deciding.read_policy")
    assert after["connect-src"] == ["'self'", f"{endpoint}/{first}/", f"{endpoint}/{SECOND}/"]
    assert set(after["img-src"][2:]) == {
        f"{endpoint}/{SECOND}/media/",
        f"{endpoint}/{first}/public/",
    }
    assert after["script-src"] == before["script-src"] == [f"{endpoint}/{first}/static/"]


def test_static_files_go_to_the_bucket_of_their_storage_and_pages_find_them_there(site):
    second = site()
    second.s3.create_bucket(Bucket=SECOND)
    second.configure(f"bucket_name = {SECOND!r}")
    second.write({"site.css": "body {}"})
    second.collectstatic()
    assert second.keys() == set()
    (url,) = second.call("media.make_static_urls", "site.css")
    prefix = f"{second.proxy.url}/{SECOND}/static/"
    assert url.startswith(f"{prefix}site.")
    listed = second.s3.list_objects_v2(Bucket=SECOND)["Contents"]
    assert url.removeprefix(f"{second.proxy.url}/{SECOND}/") in {item["Key"] for item in listed}
    policy = second.call("deciding.read_policy")
    assert prefix in policy["style-src"]
    said = second.run("python", "manage.py", "check", "--deploy", "--tag", "s3", status=1)
    # STATIC_URL follows the storage: the only error is that this store is on this machine.
    assert "s3.E013" in said and "s3.W016" not in said


def test_a_second_bucket_is_not_behind_the_cdn_of_the_first(site):
    two = site()
    two.configure(f"bucket_name = {SECOND!r}", "PublicStorage")
    urls = two.call("deciding.make_public_and_static_urls", AWS_S3_CUSTOM_DOMAIN=CDN)
    assert urls == [f"{two.proxy.url}/{SECOND}/public/a.txt", f"https://{CDN}/static/"]


def test_a_test_can_override_who_reads(site):
    assert site().call("deciding.override_who_reads") == [True, False, True]
