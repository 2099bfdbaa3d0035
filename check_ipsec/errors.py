"""What can go wrong, as one family: every message is one line for a person."""


class CheckIpsecError(Exception):
    """Base of all errors that the package raises on purpose."""


class UsageError(CheckIpsecError):
    """The command line asks for something that cannot be done."""


class ParseError(CheckIpsecError):
    """A text does not have the form that its grammar describes.

    ``source`` names the text (a file, or the command that printed it), ``line``
    is counted from 1, ``problem`` says what is wrong or what was expected. It
    quotes at most an offending keyword, never the line.
    """

    def __init__(self, source: str, line: int, problem: str) -> None:
        super().__init__(f"{source}:{line}: {problem}")
        self.source = source
        self.line = line
        self.problem = problem


class ConfigurationError(CheckIpsecError):
    """ipsec.conf, or a file that it includes, cannot be had as a whole."""


class DaemonNotRunning(CheckIpsecError):
    """charon does not answer: not running, a stale socket, or silent too long."""


class NotPermitted(CheckIpsecError):
    """This user may not run a command that is needed."""


class CommandFailed(CheckIpsecError):
    """A command is missing, failed or ran out of time."""


class CaptureError(CheckIpsecError):
    """A captured host cannot be written or read."""
