"""`python -m bench.measure [PART ...]`: measures the constants that `bench.scaling` reckons with.

Servers are started as in `bench`: one on the first core, generator and PostgreSQL on the others.
What lies in tables is measured through the real services, without sockets. Printed: what was seen,
and at the end the constants, to be put into `bench/constants.py`. Those of parts that were not
named are printed as they stand there.
"""

import argparse
import resource
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields

import uvloop

from bench import hosts
from bench.constants import MEASURED, Constants
from bench.measure.bus import bus
from bench.measure.load import crowd, idle, messages
from bench.measure.readings import Found, Plan
from bench.measure.tables import rest

PARTS: dict[str, Callable[[Plan], Awaitable[Found]]] = {
    "messages": messages,
    "crowd": crowd,
    "idle": idle,
    "rest": rest,
    "bus": bus,
}


def pasted(constants: Constants) -> str:
    """As it stands in bench/constants.py."""
    rows = [f"    {one.name}={getattr(constants, one.name):.4g}," for one in fields(constants)]
    return "\n".join(["MEASURED = Constants(", *rows, ")"])


async def run(chosen: Sequence[str], plan: Plan) -> None:
    """Measure the parts, one after the other, and print all constants."""
    hosts.confine()
    for part in chosen:
        print(f"\n== {part}: {PARTS[part].__doc__}", flush=True)
        plan.known.update(await PARTS[part](plan))
    print(f"\n{pasted(Constants(**plan.known))}", flush=True)


def main() -> None:
    """Parse the options and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.measure", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which of {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=8, help="seconds of counting (8)")
    parser.add_argument("--resting", type=int, default=20_000, help="rooms that stand (20000)")
    parser.add_argument("--idle", type=int, default=2000, help="idle members (2000)")
    parser.add_argument("--cold", type=int, default=5000, help="rooms touched when cold (5000)")
    given = parser.parse_args()
    unknown = [one for one in given.parts if one not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    known = {one.name: getattr(MEASURED, one.name) for one in fields(Constants)}
    plan = Plan(given.seconds, given.resting, given.idle, given.cold, known)
    uvloop.run(run(given.parts or list(PARTS), plan))


if __name__ == "__main__":
    main()
