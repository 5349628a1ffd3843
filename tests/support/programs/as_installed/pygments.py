"""Nothing that only the tests need is there where the program is installed.

`httpx` loads this one, and `rich` after it, wherever they are: a fifth of the program's start.
"""

raise ImportError("the program does without what only its tests need")
