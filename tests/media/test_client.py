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
