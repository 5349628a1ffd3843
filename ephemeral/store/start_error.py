"""The way in which a store says at the start that it can't be had."""


class StartError(Exception):
    """The program can't start; the message is one sentence for the operator, without secrets."""
