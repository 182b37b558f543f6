"""What django-storages' own tests ask, asked of its S3 storage and of ours, on a real S3 server.

Those tests put mocks in place of S3, so the questions stand here anew: a function each in inside/,
what django-storages answers below, and where we differ, with the reason.
"""

import pytest

REFUSED = "ImproperlyConfigured"

ANSWERS = {
    "questions_of_saving": {
        "save_bytes": "foo1",
        "save_text": "foo2",
        "save_bytes_of_a_content_file": "foo3",
        "save_text_of_a_content_file": "foo4",
        "save_a_stream": "foo5",
        "save_returns_the_name": "folder/a.txt",
        "save_under_a_name_in_unicode": [[], ["ãlöhâ.jpg"]],
        "save_a_name_twice": [1, "2"],
        "save_a_name_twice_without_overwriting": [2, "1"],
        "save_a_name_twice_with_overwriting": [1, "2"],
        "save_one_content_twice": ["same", "same"],
        "type_of_text": ["text/plain", None],
        "type_by_the_name": ["image/jpeg", None],
        "type_that_the_content_has": ["test/foo", None],
        "type_that_nothing_says": ["application/octet-stream", None],
        "type_of_a_gzipped_file": ["application/gzip", "gzip"],
        "type_of_a_gzipped_stream": ["application/gzip", "gzip"],
        "type_from_get_object_parameters": ["application/gzip", None],
        "object_parameters_reach_a_save": "max-age=7",
        "object_parameters_reach_an_open_file": "ko",
        "object_parameters_reach_an_open_file_without_content": "ko",
        "default_acl_is_sent": "private",
        "default_acl_loses_to_object_parameters": "private",
        "gzip_a_style_sheet": ["text/css", "gzip"],
        "gzip_one_content_twice": ["text/css", "gzip"],
        "gzip_and_read_again": "I should be gzip'd",
        "keys_of_the_customer": "taken",
    },
    "questions_of_files": {
        "open_to_read_text": "text",
        "open_what_is_not_there": "FileNotFoundError",
        "open_in_two_modes": "ValueError",
        "lines_read_as_text": "line1\nline2\nmore\ntext",
        "lines_read_as_bytes": "line1\nline2\r\nmore\rtext",
        "lines_of_text": ["line1\n", "line2\n", "more\n", "text"],
        "lines_of_bytes": ["line1\n", "line2\r\n", "more\r", "text"],
        "lines_of_a_loop": ["line1\n", "line2\r\n", "more\r", "text"],
        "write_text_to_a_binary_file": "new content",
        "write_a_bytearray": [7, "content"],
        "write_nothing": "",
        "write_nothing_over_a_file": "before",
        "write_more_than_the_buffer_holds": [24 * 2**19, True],
        "write_to_a_file_that_is_read": "AttributeError",
        "read_a_file_that_is_written": "AttributeError",
        "size_of_an_open_file": 4,
        "is_closed": [False, False, True],
        "reopen_and_write": "second",
        "reopen_and_read": ["text", "text"],
        "reopen_in_another_mode": "ValueError",
        "exists": [True, False],
        "exists_with_overwriting": True,
        "exists_if_s3_refuses": "ClientError",
        "delete": False,
        "delete_what_is_not_there": None,
        "delete_if_s3_refuses": "ClientError",
        "list_the_storage": [["other", "some"], ["2.txt", "4.txt"]],
        "list_a_folder": [[["path"], ["2.txt"]], [["path"], ["2.txt"]]],
        "list_a_folder_with_a_placeholder": [[], []],
        "list_what_is_not_there": [[], []],
        "size": 4098,
        "size_of_what_is_not_there": "FileNotFoundError",
        "time_with_and_without_zones": [True, False],
        "time_of_what_is_not_there": "ClientError",
        # boto3's TransferConfig compares with an object() that pickle makes anew.
        "pickled": "AttributeError",
        "pickled_after_use": False,
        "connection_of_each_thread": False,
    },
    "questions_of_urls": {
        "url_lives_an_hour": "3600",
        "url_lives_as_long_as_its_storage_says": "60",
        "url_lives_as_long_as_asked": "123",
        "url_reads_the_file": "text",
        "url_for_another_method": "4",
        "url_with_another_disposition": "attachment",
        "url_has_a_signature_without_querystring_auth": False,
        "url_has_a_signature_though_public": True,
        "url_behind_a_cdn_has_the_names_own_slashes": ["/", "/path", "/path/", "/path/1/"],
        "url_behind_a_cdn_is_encoded": "/media/whacky%20%26%20filename.mp4",
        "url_behind_a_cdn_is_utf_8": "/media/%C3%A3l%C3%B6h%C3%A2.jpg",
        "url_behind_a_cdn_has_parameters": {"version": "10"},
        "url_names_a_cdn_without_a_key_of_it": True,
        "url_protocol_is_https": "https:",
        "url_protocol_set_to_none": "https:",
        "url_protocol_of_a_storage": "http:",
        "signed_for_a_cdn": [["Expires", "Key-Pair-Id", "Signature"], "test-key"],
        "signed_for_a_cdn_by_settings": ["Expires", "Key-Pair-Id", "Signature"],
        "signed_for_a_cdn_though_public": ["Expires", "Key-Pair-Id", "Signature"],
        "signed_for_a_cdn_without_querystring_auth": False,
        "signer_by_default": None,
        "signer_switched_off": [None, None],
        "signer_of_another_storage": True,
        "signer_by_a_setting_and_an_option": True,
        "signer_with_half_its_options": "ImproperlyConfigured",
        "signer_with_half_its_settings": "ImproperlyConfigured",
        "location_begins_with_a_slash": "ImproperlyConfigured",
        "location_of_the_settings": ["foo1/a.txt"],
        "location_of_the_class": "foo2",
        "location_of_the_options": ["foo3", "foo4"],
        "keys_of_the_options": ["foo", "boo", "baz"],
        "keys_of_the_settings": ["foo", "boo", "baz"],
        "keys_of_the_settings_for_s3": ["foo", "boo"],
        "token_of_the_settings": "baz",
        "keys_of_the_environment": True,
        "keys_of_the_environment_for_s3": True,
        "profile_beside_keys": "ImproperlyConfigured",
        "profile_that_is_not_there": "ProfileNotFound",
        "client_settings": 30,
        "addressing_style": "virtual",
        "transfer_settings": False,
        "transfer_without_threads": False,
        "bucket_is_boto3s": True,
    },
}

# What our storage answers in place of that, and why.
SAVES = "a save never replaces a file unless file_overwrite says so"
TYPES = "the type goes by the name: what a browser says of a file may be a lie"
GZIP = "a .gz is the file that somebody sent, and not an encoding of another"
NO_GZIP = "a CDN compresses; the option is refused"
PYTHON = "as a file of Python"
ERRORS = "s3files.storages.S3Error, an OSError, names the operation and the key"
ACL = "default_acl alone says who reads; querystring_auth is refused"
ADDRESS = "AWS_S3_ENDPOINT_URL says it; the option is refused"
CLIENT = "all storages share one client; the option is refused"
KEYS = "keys do not belong into settings (s3.W010): boto3's chain finds them"
OURS = {
    "save_a_name_twice": ([2, "1"], SAVES),
    "type_that_the_content_has": (["application/octet-stream", None], TYPES),
    "type_of_a_gzipped_file": (["application/gzip", None], GZIP),
    "type_of_a_gzipped_stream": (["application/gzip", None], GZIP),
    "default_acl_is_sent": (None, "a bucket as AWS creates it today refuses ACLs"),
    "gzip_a_style_sheet": (REFUSED, NO_GZIP),
    "gzip_one_content_twice": (REFUSED, NO_GZIP),
    "gzip_and_read_again": (REFUSED, NO_GZIP),
    "keys_of_the_customer": (REFUSED, "a browser would need the key: docs/public-api.md"),
    "lines_of_bytes": (["line1\n", "line2\r\n", "more\rtext"], PYTHON),
    "write_text_to_a_binary_file": ("TypeError", PYTHON),
    "write_nothing_over_a_file": ("", PYTHON),
    "write_to_a_file_that_is_read": ("UnsupportedOperation", PYTHON),
    "read_a_file_that_is_written": ("", "w and w+ are the same: what was written can be read"),
    "reopen_in_another_mode": ("text", "as a file of Django"),
    "exists_if_s3_refuses": ("S3Error", ERRORS),
    "delete_if_s3_refuses": ("S3Error", ERRORS),
    "time_of_what_is_not_there": ("FileNotFoundError", "as Django's own storage"),
    "pickled": ("x", "it has no TransferConfig"),
    "url_has_a_signature_without_querystring_auth": (REFUSED, ACL),
    "url_has_a_signature_though_public": (False, ACL),
    "url_names_a_cdn_without_a_key_of_it": (False, "S3 signs: a CDN refuses an unsigned URL"),
    "url_protocol_of_a_storage": (REFUSED, ADDRESS),
    "signed_for_a_cdn_though_public": ([], ACL),
    "signed_for_a_cdn_without_querystring_auth": (REFUSED, ACL),
    "keys_of_the_settings": ([None, None, None], KEYS),
    "keys_of_the_settings_for_s3": ([None, None], KEYS),
    "token_of_the_settings": (None, KEYS),
    "keys_of_the_environment_for_s3": (False, "boto3 does not read these two names"),
    "profile_that_is_not_there": ("NoCredentials", "it says what to do, as for each missing key"),
    "client_settings": (REFUSED, CLIENT),
    "addressing_style": (REFUSED, ADDRESS),
    "transfer_settings": (REFUSED, CLIENT),
    "transfer_without_threads": (REFUSED, CLIENT),
}


def ask(site, module, whose):
    # Hundreds of requests: not through a proxy in Python.
    endpoint = site.server["AWS_S3_ENDPOINT_URL"]
    name = "questions.ask_each"
    return site.call(name, module, whose, timeout=240, AWS_S3_ENDPOINT_URL=endpoint)


@pytest.mark.parametrize("module", ANSWERS)
def test_django_storages_answers_as_written(site, module):
    assert ask(site(), module, "stock") == ANSWERS[module]


@pytest.mark.parametrize("module", ANSWERS)
def test_we_answer_the_same_or_differ_as_listed(site, module):
    expected = {
        question: OURS.get(question, (answer,))[0] for question, answer in ANSWERS[module].items()
    }
    assert ask(site(), module, "ours") == expected


def test_each_difference_is_one():
    answers = {question: answer for part in ANSWERS.values() for question, answer in part.items()}
    for question, (answer, _) in OURS.items():
        assert answers[question] != answer
