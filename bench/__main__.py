"""`python -m bench [SCENARIO ...]`: messages per second, latency, CPU, memory, and ratios.

A server runs on the first core; the generator and PostgreSQL have the second. Where there is
something to compare, a bare relay is measured in turn with it, and the ratio is that of the middle
turns, so that a busy machine spoils it less. Numbers of different runs can't be compared; ratios
can.
"""

import argparse
import resource
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from bench import hosts, scenarios
from bench.scenarios import Options
from bench.workers import workers
from ephemeral.store.embedded.server import EmbeddedPostgres

SCENARIOS: dict[str, Callable[[Options], Awaitable[None]]] = {
    "pairs": scenarios.pairs,
    "frames": scenarios.frames,
    "latency": scenarios.latency,
    "crowd": scenarios.crowd,
    "idle": scenarios.idle,
    "churn": scenarios.churn,
    "sizes": scenarios.sizes,
    "workers": workers,
}


async def run(chosen: list[str], arguments: argparse.Namespace) -> None:
    """Run scenarios, one after the other, on one database."""
    hosts.confine()
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        directory = Path(name)
        async with EmbeddedPostgres(directory / "postgres") as database:
            given = {key: value for key, value in vars(arguments).items() if key != "scenarios"}
            options = Options(database.dsn, directory, **given)
            for scenario in chosen:
                print(f"\n== {scenario}", flush=True)
                await SCENARIOS[scenario](options)


def main() -> None:
    """Parse the options and run."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="scenarios:\n"
        + "\n".join(f"  {name:<10}{(one.__doc__ or '')}" for name, one in SCENARIOS.items()),
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="which; all unless named")
    parser.add_argument("--rooms", type=int, default=200, help="rooms of two (200)")
    parser.add_argument("--size", type=int, default=512, help="bytes of an envelope (512)")
    parser.add_argument("--window", type=int, default=2, help="messages under way in a room (2)")
    parser.add_argument("--seconds", type=float, default=4, help="seconds of counting (4)")
    parser.add_argument("--warm-up", type=float, default=2, help="seconds before counting (2)")
    parser.add_argument("--turns", type=int, default=3, help="measurements of each server (3)")
    parser.add_argument("--rate", type=int, default=4000, help="latency: messages a second (4000)")
    parser.add_argument("--members", type=int, default=50, help="crowd: members (50)")
    parser.add_argument("--idle", type=int, default=1000, help="idle: members (1000)")
    arguments = parser.parse_args()
    chosen = arguments.scenarios or list(SCENARIOS)
    unknown = [one for one in chosen if one not in SCENARIOS]
    if unknown:
        parser.error(f"no scenario {unknown[0]}; there are {', '.join(SCENARIOS)}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(run(chosen, arguments))


if __name__ == "__main__":
    main()
