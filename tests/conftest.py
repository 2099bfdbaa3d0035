"""The tests run the same in the background as in the foreground, and beside other work."""

import signal

from hypothesis import settings

settings.register_profile("a busy machine", deadline=None)


def pytest_configure() -> None:
    """Undo what a shell does to what it starts in the background: to ignore these.

    SIGHUP stays ignored, or ``nohup`` would be for nothing.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    settings.load_profile("a busy machine")
