"""What an owner's environment and settings are in the tests."""

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}


def on_aws(aws, **settings):
    """Our small server stands in for Amazon S3 and STS, in production."""
    return {
        "env": {
            **KEYS,
            "AWS_S3_ENDPOINT_URL": aws.url,
            "AWS_ENDPOINT_URL_STS": aws.url,
            "DJANGO_DEBUG": "off",
        },
        "settings": settings,
        "on_aws": True,
    }


def on_aws_with_cdn(aws, **settings):
    """And for the CDN."""
    return on_aws(aws, AWS_S3_CUSTOM_DOMAIN="cdn.example.com", **settings) | {"cdn_url": aws.url}
