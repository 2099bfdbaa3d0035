"""The tests run the same in the background as in the foreground."""

import signal


def pytest_configure() -> None:
    """Undo what a shell does to what it starts in the background: to ignore these.

    SIGHUP stays ignored, or ``nohup`` would be for nothing.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
