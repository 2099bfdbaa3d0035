"""Bash completion: option names, and values where the name of a value says what it is.

shtab 1.5.5 (Debian 12) offers no status behind ``--connecting`` and nothing behind
``--option=``, so it is not used.
"""

import argparse
from collections.abc import Iterator

from pack.commands import STATUSES, Command

# what ``compgen`` is to offer for a value of that name
VALUES = {"FILE": "-f", "DIR": "-d", "STATUS": f"-W '{' '.join(STATUSES)}'"}

SCRIPT = """\
# bash completion for {name}, made from its options

{function}()
{{
    local word=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD-1]}}
    # bash takes --option=value apart
    if [[ $word == = ]]; then
        word=
    elif [[ $option == = ]]; then
        option=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    case $option in
{cases}
    esac
}}

complete -o filenames -F {function} {name}
"""


def script(command: Command) -> str:
    """The completion of a command for bash."""
    actions = command.parser()._actions
    anything = f"-W '{' '.join(words(actions))}'"
    lines = [*values(actions), f"        *) {offered(anything)} ;;"]
    function = f"_{command.name.replace('-', '_')}"
    return SCRIPT.format(name=command.name, function=function, cases="\n".join(lines))


def values(actions: list[argparse.Action]) -> Iterator[str]:
    """A case for each option that takes a value."""
    for action in actions:
        if action.option_strings and action.nargs != 0:
            names = "|".join(action.option_strings)
            kind = VALUES.get(str(action.metavar), f"-W '{' '.join(action.choices or ())}'")
            yield f"        {names}) {offered(kind)} ;;"


def words(actions: list[argparse.Action]) -> Iterator[str]:
    """What can stand where no value is due."""
    for action in actions:
        yield from action.option_strings or map(str, action.choices or ())


def offered(kind: str) -> str:
    """The statement that offers what ``compgen`` finds."""
    return f'mapfile -t COMPREPLY < <(compgen {kind} -- "$word")'
