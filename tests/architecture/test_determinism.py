"""No wall clock and no random number of its own, except at the edges of the house.

Replaying a journal proves a bill only if handlers depend on nothing but their messages.
"""

import ast
import re

import pytest

EDGES = ("app/", "connectors/")
RANDOMNESS = "base/randomness.py"

FORBIDDEN = re.compile(
    r"""
    time\.(time|monotonic|perf_counter|process_time|thread_time|clock_gettime)(_ns)?
    | time\.(localtime|gmtime|ctime|sleep)
    | datetime\.datetime\.(now|utcnow|today)
    | datetime\.date\.today
    | (random|secrets)(\..+)?
    | numpy\.random(\.(?!Generator$).+)?
    | uuid\.uuid[14]
    | os\.(urandom|getrandom|getpid)
    | .+PrivateKey\.generate
    | hash
    """,
    re.VERBOSE,
)


def full_names(tree):
    """Map each local name to the dotted name that an import bound it to."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                names[bound] = alias.name if alias.asname else bound
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def dotted(node, names):
    """Return the dotted name that an expression stands for, as far as imports tell."""
    if isinstance(node, ast.Attribute):
        left = dotted(node.value, names)
        return f"{left}.{node.attr}" if left else None
    return names.get(node.id, None) if isinstance(node, ast.Name) else None


def offences(tree):
    """List ``line: name`` of every use or import of a forbidden name."""
    names, found = full_names(tree), []
    parts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        used = []
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in parts:
            used = [dotted(node, names)]
        elif isinstance(node, ast.Import):
            used = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            used = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            used = [node.func.id] if node.func.id not in names else []
        found += [(node.lineno, name) for name in used if name and FORBIDDEN.fullmatch(name)]
    return [f"{line}: {name}" for line, name in sorted(set(found))]


def test_no_room_reads_the_clock_or_draws_its_own_numbers(modules):
    wrong = [
        f"src/gridpact/{path}:{offence}"
        for path, tree in modules.items()
        if not path.startswith(EDGES) and path != RANDOMNESS
        for offence in offences(tree)
    ]
    assert wrong == []


def test_the_one_exception_uses_what_it_is_excepted_for(modules):
    used = {offence.split()[1] for offence in offences(modules[RANDOMNESS])}
    assert used == {"numpy.random.PCG64"}  # and numpy.random.Generator, which needs a source


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time as t\nt.monotonic()",
        "from time import perf_counter",
        "from time import perf_counter as pc\npc()",
        "import time\nread = time.time_ns",
        "import time\ntime.sleep(1)",
        "import datetime\ndatetime.datetime.now()",
        "import datetime as dt\ndt.datetime.now(dt.UTC)",
        "from datetime import datetime\ndatetime.now(UTC)",
        "from datetime import datetime\ndatetime.utcnow()",
        "from datetime import datetime as when\nwhen.today()",
        "from datetime import date\ndate.today()",
        "import datetime\ndatetime.date.today()",
        "def f():\n    from datetime import date\n    return date.today()",
        "import random",
        "import random as r\nr.random()",
        "from random import choice",
        "import numpy as np\nnp.random.default_rng()",
        "import numpy as np\nnp.random.default_rng(7)",
        "import numpy as np\nnp.random.rand(3)",
        "import numpy\nnumpy.random.seed(1)",
        "from numpy.random import default_rng",
        "from numpy import random",
        "import numpy.random as nr\nnr.normal()",
        "import uuid\nuuid.uuid4()",
        "from uuid import uuid4",
        "import os\nos.urandom(8)",
        "from os import urandom",
        "import secrets",
        "from secrets import token_bytes",
        "from cryptography.x import Ed25519PrivateKey\nEd25519PrivateKey.generate()",
        "key = hash('text')",  # differs from process to process
    ],
)
def test_the_check_finds(source):
    assert offences(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\ndef f(draw: np.random.Generator) -> None:\n    draw.random()",
        "from datetime import datetime, UTC\ndatetime.fromtimestamp(0, UTC)",
        "from datetime import time\ntime()",
        "import time\nx: time.struct_time",
        "def f(time):\n    return time.time",
        "state.now, message.today()",
        "import uuid\nuuid.uuid5(uuid.NAMESPACE_URL, 'x')",
        "import hashlib\nhashlib.sha256(b'')",
        "from mine import hash\nhash(1)",
        "import os\nos.fsync(3)",
    ],
)
def test_the_check_leaves_alone(source):
    assert offences(ast.parse(source)) == []
