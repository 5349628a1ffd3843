"""What a process has in memory stays there: keys, codes, and envelopes of which nothing is left.

A core file is written to a disk, where it stays, by whatever the machine has for that; and any
other process of the same user may read the memory of one that can be dumped.
"""

import ctypes
import sys
from contextlib import suppress

__all__ = ["keep_private"]

# <linux/prctl.h>
_PR_SET_DUMPABLE = 4


def keep_private() -> None:
    """No core file of this process or of those that it starts, and no look into its memory.

    On Linux only root may read its memory from now on, or trace it; those that it starts may be
    read and traced as ever. Elsewhere there are no core files.
    """
    import resource  # noqa: PLC0415 - not everywhere, and the program first says where it runs

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # A core that is piped to a program knows no limit of its size: this is what counts then.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
