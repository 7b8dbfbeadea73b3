"""A store of readings on S3, served by moto: needs the extra ``s3`` and moto, or
``requirements/simbench.lock`` in an environment of its own.
"""

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.metering.readings import Channel, Intervals, Quality, Readings, no_displays
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store

if not (find_spec("s3fs") and find_spec("moto")):
    pytest.skip("needs s3fs and moto: make test-simbench", allow_module_level=True)

# libraries of others, not what is tested: aiobotocore leaves sockets to the collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

DAY = 1_772_323_200
SLOTS = Slots(DAY, 3600, 24)
BAKERY = Channel("bakery")
KEYS = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def told(source, values):
    """Readings of the bakery: Wh by hour of the day."""
    wh, known = np.zeros((1, 24), np.int64), np.zeros((1, 24), np.int8)
    for hour, value in values.items():
        wh[0, hour], known[0, hour] = value, Quality.MEASURED
    intervals = Intervals((BAKERY,), SLOTS, wh, known, np.zeros((1, 24), np.int16))
    return Readings(source, f"digest of {source}", intervals, no_displays(()))


def values(store, as_of=None):
    found = store.intervals([BAKERY], SLOTS, as_of)
    known = np.flatnonzero(found.quality[0] != Quality.MISSING).tolist()
    return {hour: int(found.wh[0, hour]) for hour in known}


@pytest.fixture(scope="module")
def server():
    from moto.server import ThreadedMotoServer

    served = ThreadedMotoServer(port=0, verbose=False)
    served.start()
    host, port = served.get_host_and_port()
    yield f"http://{host}:{port}"
    served.stop()


@pytest.fixture
def bucket(server, monkeypatch, request):
    """An empty bucket, and an environment in which everything finds its server."""
    import s3fs

    for name, value in {**KEYS, "AWS_ENDPOINT_URL": server}.items():
        monkeypatch.setenv(name, value)
    name = f"b{abs(hash(request.node.name)):x}"
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir(name)
    return f"s3://{name}"


def begun(bucket):
    return Store.create(f"{bucket}/lane", (MeteringPoint(id="bakery", step_s=3600),))


def objects(url):
    """Names of all objects of a store, by another client than the store's."""
    import boto3

    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    found = client.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("Contents", [])
    return {one["Key"].removeprefix(f"{prefix}/") for one in found}


def test_readings_their_versions_and_compaction(bucket):
    store = begun(bucket)
    store.commit(told("one", {0: 5, 1: 6}), 100)
    store.commit(told("two", {1: 7, 2: 8}), 200)
    store.commit(told("one", {0: 5, 1: 6}), 300)  # the same file again
    store = Store.open(store.url)
    assert values(store) == {0: 5, 1: 7, 2: 8}
    assert values(store, 150) == {0: 5, 1: 6}
    assert [(v.wh, v.known_s) for v in store.versions(BAKERY, DAY + 3600)] == [(6, 100), (7, 200)]
    assert len(store.log.imports) == 2
    before = {"store.json"} | {part.path for part in store.log.parts}
    assert objects(store.url) == before | {"commits/00000001.json", "commits/00000002.json"}
    store.compact()
    store = Store.open(store.url)
    assert values(store) == {0: 5, 1: 7, 2: 8}
    assert values(store, 150) == {0: 5, 1: 6}
    folded = {"store.json", "commits/00000003.json"}
    assert objects(store.url) == folded | {part.path for part in store.log.parts}
    store.retain("2026-03-02")
    assert values(Store.open(store.url)) == {}


def test_who_was_overtaken_begins_anew(bucket):
    url = begun(bucket).url
    one, other = Store.open(url), Store.open(url)
    one.commit(told("one", {0: 5}), 100)
    assert other.commit(told("other", {0: 6, 1: 7}), 200).number == 2
    assert values(Store.open(url)) == {0: 6, 1: 7}
    one.add([MeteringPoint(id="left")])
    other.add([MeteringPoint(id="right")])
    assert {point.id for point in Store.open(url).points} == {"bakery", "left", "right"}


WRITER = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import test_s3_store as tests
from gridpact.metering.store.object_store import ObjectStore
from gridpact.metering.store.store import Store

store, me, left = Store.open(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
create = ObjectStore.create
def counted(*arguments):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return create(*arguments)
ObjectStore.create = counted
print("ready", flush=True)
sys.stdin.readline()
for turn in range(3):
    store.commit(tests.told(f"writer {me} turn {turn}", {3 * me + turn: 1 + turn}), 100 + me)
"""


def writer(url, me, killed_at=0):
    """A process that stores three files once it is told to begin."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(Path(__file__).parent), url, str(me), str(killed_at)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_two_that_write_at_once_are_both_stored(bucket):
    url = begun(bucket).url
    both = [writer(url, me) for me in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    store = Store.open(url)
    assert [one.number for one in store.log.imports] == list(range(1, 7))
    assert values(store) == {3 * me + turn: 1 + turn for me in range(2) for turn in range(3)}


@pytest.mark.parametrize("at", [3, 4])
def test_a_writer_that_is_killed_leaves_the_store_as_it_was(bucket, at):
    """Before it writes the part of its second file, and before it writes that one's commit."""
    url = begun(bucket).url
    process = writer(url, 0, at)
    process.communicate("\n", timeout=120)
    assert process.returncode == -signal.SIGKILL
    store = Store.open(url)
    assert values(store) == {0: 1}
    listed = {"store.json", "commits/00000001.json"} | {part.path for part in store.log.parts}
    assert len(objects(url) - listed) == at - 3  # what nothing lists
    store.commit(told("after", {5: 9}), 300)
    store.compact()
    assert values(Store.open(url)) == {0: 1, 5: 9}
    assert objects(url) == {"store.json", "commits/00000003.json"} | {
        part.path for part in store.log.parts
    }


def test_polars_reads_the_parts_directly(bucket, server):
    import polars as pl

    store = begun(bucket)
    store.commit(told("one", {0: 5, 1: 6}), 100)
    store.commit(told("two", {1: 7}), 200)
    options = {
        **{name.lower(): value for name, value in KEYS.items()},
        "aws_endpoint_url": server,
        "aws_allow_http": "true",
    }
    rows = pl.scan_parquet(Store.open(store.url).parts(), storage_options=options).collect()
    assert sorted(rows["wh"]) == [5, 6, 7]


def test_a_bucket_that_is_not_there_and_keys_that_lack(bucket, monkeypatch):
    import s3fs

    from gridpact.base.errors import BadInput, StoreError

    with pytest.raises(BadInput, match="there is no store of readings"):
        Store.open(f"{bucket}/nothing")
    with pytest.raises(StoreError, match="The specified bucket does not exist"):
        begun("s3://nobody-has-this")
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(StoreError, match=r"(?i)credentials"):
        Store.open(f"{bucket}/lane")
