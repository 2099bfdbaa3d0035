"""What is configured and what is broken, host by host."""

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Registers all scenarios."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
