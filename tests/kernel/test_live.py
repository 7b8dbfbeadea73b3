"""The loop on a clock that passes by itself, with inputs from other threads."""

import threading
import time

from gridpact.kernel.clock import WallClock
from gridpact.kernel.journal import Journal, Origin
from gridpact.kernel.loop import Loop
from gridpact.kernel.messages import Later, Message
from gridpact.kernel.rooms import Room


class Go(Message, tag="go"):
    name: str


def scene(outs, journal=None, clock=None):
    """Return a loop of one room that sends ``outs[name]`` and lists what it handled, and when."""

    def handle(state, message, now):
        return (*state, f"{message.name}@{now}"), outs.get(message.name, [])

    return Loop([Room("scene", (), {Go: handle})], [Go], journal or Journal(":memory:"), clock)


def forever(_):
    return False


class FakeTime:
    """Time that passes only while somebody waits; a waiter can be woken by a planned event."""

    def __init__(self, now):
        self.now, self.waits, self.events = now, [], []

    def read(self):
        return self.now

    def wait(self, seconds):
        self.waits.append(seconds)
        if self.events and self.events[0][0] < self.now + seconds:
            self.now, call = self.events.pop(0)
            call()
        else:
            self.now += seconds

    def clock(self):
        return WallClock(self.read, self.wait, lambda: None)


def test_a_wall_clock_waits_for_each_message():
    fake = FakeTime(100.5)
    loop = scene(
        {"start": [Later(103, Go(name="b")), Later(110, Go(name="c"))]}, clock=fake.clock()
    )
    loop.submit(Go(name="start"), 100)
    loop.run(forever)
    assert loop.states["scene"] == ("start@100", "b@103", "c@110")
    assert fake.waits == [2.5, 7.0]


def test_an_input_during_a_wait_is_taken_at_the_time_it_then_is():
    fake = FakeTime(100)
    journal = Journal(":memory:")
    outs = {"start": [Later(200, Go(name="b"))], "input": [Later(160, Go(name="soon"))]}
    loop = scene(outs, journal, clock=fake.clock())
    fake.events = [(150.7, lambda: loop.submit(Go(name="input")))]
    loop.submit(Go(name="start"), 100)
    loop.run(forever)
    assert loop.states["scene"] == ("start@100", "input@150", "soon@160", "b@200")
    replay = scene(outs, journal)
    replay.recover()
    assert replay.state_hash() == loop.state_hash()


def test_a_wait_that_ends_early_for_no_reason_changes_nothing():
    fake = FakeTime(100)
    loop = scene({"start": [Later(200, Go(name="b"))]}, clock=fake.clock())
    fake.events = [(120, lambda: None), (199.999, lambda: None)]
    loop.submit(Go(name="start"), 100)
    loop.run(forever)
    assert loop.states["scene"] == ("start@100", "b@200")


def test_a_clock_set_back_does_not_turn_the_loop_back():
    fake = FakeTime(100)
    loop = scene({"start": [Later(200, Go(name="b"))]}, clock=fake.clock())

    def set_back():
        fake.now = 50
        loop.submit(Go(name="input"))

    fake.events = [(150, set_back)]
    loop.submit(Go(name="start"), 100)
    loop.run(forever)
    assert loop.states["scene"] == ("start@100", "input@100", "b@200")


def test_inputs_from_other_threads_are_all_journalled_once():
    """On the real clock: four threads hand in while the loop waits for its next timer."""
    woken = threading.Event()

    def wait(seconds):
        woken.wait(seconds)
        woken.clear()

    begin = int(time.time())
    journal = Journal(":memory:")
    loop = scene(
        {"start": [Later(begin + 3600, Go(name="far"))]},
        journal,
        clock=WallClock(time.time, wait, woken.set),
    )
    handled = []

    def stop(message):
        handled.append(message.name)
        return len(handled) == 201

    def hand_in(thread):
        for number in range(50):
            loop.submit(Go(name=f"{thread}-{number:02}"))

    threads = [threading.Thread(target=hand_in, args=(thread,)) for thread in range(4)]
    loop.submit(Go(name="start"), begin)
    for thread in threads:
        thread.start()
    loop.run(stop)
    for thread in threads:
        thread.join()
    rows = list(journal.rows())
    assert [row.origin for row in rows] == [Origin.INPUT] * 201
    assert len(set(handled)) == 201
    for thread in range(4):  # each thread's inputs keep their order
        mine = [name for name in handled if name.startswith(f"{thread}-")]
        assert mine == sorted(mine)
    assert all(begin <= row.time <= time.time() for row in rows)
    replay = scene({"start": [Later(begin + 3600, Go(name="far"))]}, journal)
    replay.recover()
    assert replay.state_hash() == loop.state_hash()
