"""One client, whatever threads and processes do with it."""


def test_all_threads_share_one_client(site):
    assert site().call("clients.count_clients_of_16_threads") == 1


def test_a_forked_process_has_a_client_of_its_own(site):
    assert site().call("clients.use_in_three_forks") == [0, 0, 0]


def test_storages_can_be_pickled(site):
    assert site().call("clients.pickle_both") == [
        "config.storages.MediaStorage",
        "kept",
        "StaticStorage",
    ]


def test_an_option_that_nothing_acts_on_is_refused_with_what_to_use_instead(site):
    site = site()
    config, domain, zipped, unknown, both = site.call("clients.make_with_wrong_options")
    assert "'client_config'" in config and "s3files/_s3/clients.py" in config
    assert "'custom_domain'" in domain and "AWS_S3_CUSTOM_DOMAIN" in domain
    assert "'gzip'" in zipped and "nonsense" in unknown and "session_profile" in both
    kms = site.call("clients.find_parameters", {"kms_key": "alias/media"})
    assert kms["ServerSideEncryption"] == "aws:kms" and kms["SSEKMSKeyId"] == "alias/media"
    options = {"object_parameters": {"StorageClass": "STANDARD_IA"}}
    storage_class = site.call("clients.find_parameters", options)
    assert storage_class["StorageClass"] == "STANDARD_IA"
