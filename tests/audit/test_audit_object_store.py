"""Published files in a bucket: conditions that hold against a second writer, and every failure an error in time."""

from time import monotonic

import pytest
from published_files import Objects
from strange_service import Strange, careless_service, strange_service

from audit.bucket import Bucket
from audit.errors import LogStopped, StoreConflict, StoreUnavailable
from audit.object_store import ObjectStore

PATIENCE = 0.4
QUICK = 4 * PATIENCE


@pytest.fixture
def store(bucket):
    return ObjectStore(bucket)


@pytest.fixture
def objects(bucket):
    return Objects(bucket)


def between(store, act):
    """Let something happen between what a store reads and what it writes then, once."""
    put = store._put

    def late(*given):
        store._put = put
        act()
        return put(*given)

    store._put = late


def acts(store):
    """Everything that is asked of a store and can fail."""
    return {
        "read": lambda: store.read("checkpoint"),
        "create": lambda: store.create([("tile/0/000", b"a")]),
        "swap": lambda: store.swap("checkpoint", None, b"1"),
    }


@pytest.mark.parametrize("seen", [None, b"0"])
def test_of_two_writers_who_saw_the_same_one_wins(bucket, store, objects, seen):
    if seen is not None:
        objects.write("checkpoint", seen)
    other = ObjectStore(bucket)
    between(store, lambda: other.swap("checkpoint", seen, b"theirs"))
    assert not store.swap("checkpoint", seen, b"ours")
    assert objects.read("checkpoint") == b"theirs"


def test_a_swap_of_what_is_gone_meanwhile_changes_nothing(store, objects):
    objects.write("checkpoint", b"0")
    between(store, lambda: objects.remove("checkpoint"))
    assert not store.swap("checkpoint", b"0", b"1")
    assert objects.all() == {}


def test_a_put_whose_first_answer_was_lost_counts_when_it_is_refused_the_second_time(store, objects):
    between(store, lambda: objects.write("checkpoint", b"ours"))
    assert store.swap("checkpoint", None, b"ours")
    between(store, lambda: objects.write("tile/0/000", b"a"))
    store.create([("tile/0/000", b"a")])


def test_a_file_of_somebody_else_who_was_faster_is_a_conflict(store, objects):
    between(store, lambda: objects.write("tile/0/000", b"theirs"))
    with pytest.raises(StoreConflict, match="tile/0/000 exists with other bytes"):
        store.create([("tile/0/000", b"ours")])
    assert objects.read("tile/0/000") == b"theirs"


def test_objects_carry_the_headers_they_are_to_be_served_with(store, objects):
    kept = "public, max-age=604800, immutable"
    store.create([(path, b"a") for path in ("tile/0/000", "tile/entries/x001/000", "tile/0/001.p/4")])
    store.swap("checkpoint", None, b"0")
    store.swap("checkpoint", b"0", b"1")
    told = {path: tuple(objects.headers(path).values()) for path in objects.all()}
    assert {path: set(each) for path, each in told.items()} == {
        "tile/0/000": {"application/octet-stream", kept},
        "tile/entries/x001/000": {"application/octet-stream", kept},
        "tile/0/001.p/4": {"application/octet-stream", "no-store"},
        "checkpoint": {"text/plain; charset=utf-8", "no-store"},
    }


def test_logs_of_one_bucket_know_nothing_of_each_other(s3, store):
    other = ObjectStore(s3.bucket("another/log"))
    store.swap("checkpoint", None, b"1")
    assert other.read("checkpoint") is None
    other.discard("checkpoint")
    assert store.read("checkpoint") == b"1"


def test_every_partial_file_of_a_tile_is_forgotten(store, objects):
    for width in range(1, 256):
        objects.write(f"tile/0/000.p/{width}", b"a")
    store.create([("tile/0/000", b"full"), ("tile/0/001.p/1", b"next")])
    store.discard("tile/0/000.p")
    assert objects.all() == {"tile/0/000": b"full", "tile/0/001.p/1": b"next"}


@pytest.mark.parametrize("act", ["read", "create", "swap"])
def test_a_bucket_that_is_not_there_is_not_an_empty_one(s3, act):
    nowhere = ObjectStore(Bucket("s3://nowhere", s3.address, access_key="a", secret_key="b"))
    with pytest.raises(StoreUnavailable, match="404 NoSuchBucket"):
        acts(nowhere)[act]()


@pytest.mark.parametrize("act", ["read", "create", "swap"])
def test_keys_the_service_does_not_know_are_named_and_not_shown(s3, act):
    store = ObjectStore(s3.bucket("closed", access_key="AKIA-UNKNOWN", secret_key="the-secret"))
    with s3.strict(), pytest.raises(StoreUnavailable, match="403 InvalidAccessKeyId") as raised:
        acts(store)[act]()
    assert "the-secret" not in str(raised.value)
    assert "UNKNOWN" not in str(raised.value)


@pytest.mark.parametrize("act", ["read", "create", "swap"])
@pytest.mark.parametrize("status", [200, 302, 400, 404, 409, 412, 500, 502])
def test_a_web_page_is_neither_a_file_nor_the_lack_of_one(act, status):
    with strange_service(Strange(status)) as service:
        store = ObjectStore(Bucket("s3://log", service.address, access_key="a", secret_key="b", patience=PATIENCE))
        with pytest.raises(StoreUnavailable) as raised:
            acts(store)[act]()
    assert len(str(raised.value)) < 200
    assert "html" not in str(raised.value)
    assert len(service.asked) <= 8


@pytest.mark.parametrize("act", ["read", "create", "swap"])
def test_a_service_that_takes_its_time_is_not_waited_for(act):
    with strange_service(Strange(seconds=3 * PATIENCE)) as service:
        store = ObjectStore(Bucket("s3://log", service.address, access_key="a", secret_key="b", patience=PATIENCE))
        begun = monotonic()
        with pytest.raises(StoreUnavailable, match="no answer"):
            acts(store)[act]()
        assert monotonic() - begun < QUICK


@pytest.mark.parametrize("before", [[], [b"0"]])
def test_a_service_that_heeds_no_condition_is_not_written_to_for_long(before):
    with careless_service() as service:
        store = ObjectStore(Bucket("s3://log", service.address, access_key="a", secret_key="b", patience=PATIENCE))
        for data in before:
            store.create([("checkpoint", data)])
        with pytest.raises(LogStopped, match="takes no notice of If-None-Match"):
            store.swap("checkpoint", before[0] if before else None, b"1")


def test_what_cannot_be_discarded_now_stays():
    with strange_service(Strange(502)) as service:
        store = ObjectStore(Bucket("s3://log", service.address, access_key="a", secret_key="b", patience=PATIENCE))
        store.discard("tile/0/000.p")
    assert service.asked


@pytest.mark.parametrize(
    "url", ["log", "s3://", "s3://Log", "s3://log/../other", "s3://log//x", "http://log/x", "s3://log/?x", "s3://log/ü"]
)
def test_what_is_no_bucket_is_refused(url):
    with pytest.raises(ValueError, match="is not the address of a bucket"):
        Bucket(url)


def test_a_bucket_and_the_folder_in_it():
    assert (Bucket("s3://public.example/log/2026/").name, Bucket("s3://public.example/log/2026/").prefix) == (
        "public.example", "log/2026",
    )  # fmt: skip
    assert Bucket("s3://log").prefix == ""
    assert "hidden" not in repr(Bucket("s3://log", access_key="a", secret_key="hidden"))
