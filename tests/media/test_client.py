"""One client, whatever threads and processes do with it."""

THREADS = """
from concurrent.futures import ThreadPoolExecutor
barrier = threading.Barrier(16)
def client(_):
    barrier.wait()
    return id(media.client)
with ThreadPoolExecutor(16) as pool:
    result = len(set(pool.map(client, range(16))))
"""
FORK = """
import urllib.request
name = media.save("a.txt", ContentFile(b"parent"))
before = media.client
media.size(name)
children = []
for number in range(3):
    if not (child := os.fork()):
        assert media.client is not before
        for _ in range(10):
            own = media.save("a.txt", ContentFile(str(number)))
            assert media.open(own).read() == str(number).encode()
            assert media.open(name).read() == b"parent"
            assert media.size(name) == len(b"parent")
        os._exit(0)
    children.append(child)
for _ in range(10):
    assert media.open(name).read() == b"parent"
result = [os.waitpid(child, 0)[1] for child in children]
"""
PICKLE = """
import pickle
name = media.save("a.txt", ContentFile(b"kept"))
path, args, kwargs = media.deconstruct()
copy = pickle.loads(pickle.dumps(media))
result = [path, copy.open(name).read().decode(), type(pickle.loads(pickle.dumps(static))).__name__]
"""


def test_all_threads_share_one_client(site):
    assert site().python(THREADS) == 1


def test_a_forked_process_has_a_client_of_its_own(site):
    assert site().python(FORK) == [0, 0, 0]


def test_storages_can_be_pickled(site):
    assert site().python(PICKLE) == ["config.storages.MediaStorage", "kept", "StaticStorage"]


OPTIONS = """
from django.core.exceptions import ImproperlyConfigured
Media = type(media)
result = []
for make in (
    lambda: Media(client_config=1), lambda: Media(custom_domain="cdn.example.com"),
    lambda: type("Zipped", (Media,), {"gzip": True})(), lambda: Media(nonsense=1),
    lambda: Media(session_profile="x", access_key="y", secret_key="z"),
):
    try:
        make()
    except ImproperlyConfigured as error:
        result.append(str(error))
result.append(Media(kms_key="alias/media").get_object_parameters("a.txt"))
result.append(Media(object_parameters={"StorageClass": "STANDARD_IA"}).get_object_parameters("a"))
"""


def test_an_option_that_nothing_acts_on_is_refused_with_what_to_use_instead(site):
    config, domain, zipped, unknown, both, kms, storage_class = site().python(OPTIONS)
    assert "'client_config'" in config and "s3files/_s3/clients.py" in config
    assert "'custom_domain'" in domain and "AWS_S3_CUSTOM_DOMAIN" in domain
    assert "'gzip'" in zipped and "nonsense" in unknown and "session_profile" in both
    assert kms["ServerSideEncryption"] == "aws:kms" and kms["SSEKMSKeyId"] == "alias/media"
    assert storage_class["StorageClass"] == "STANDARD_IA"
