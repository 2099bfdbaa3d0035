"""Icinga: CheckCommands as its template library writes them, and a basket for Director.

Both hold the same arguments. Every option that a monitoring system may set is a custom
variable ``ipsec_OPTION``; ``ipsec_verbose`` is how often ``-v`` is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from pack.commands import COMMANDS, Command, monitored
from pack.runbook import ADDRESS

VERBOSITIES = (1, 2, 3)
HEADER = """\
/*
 * Check commands for hosts that run strongSwan, package monitoring-plugins-ipsec.
 * Made from the options of the commands; an upgrade replaces this file.
 */
"""
STRING = "Icinga\\Module\\Director\\DataType\\DataTypeString"
NUMBER = "Icinga\\Module\\Director\\DataType\\DataTypeNumber"
BOOLEAN = "Icinga\\Module\\Director\\DataType\\DataTypeBoolean"
ARRAY = "Icinga\\Module\\Director\\DataType\\DataTypeArray"


class Argument(NamedTuple):
    """An argument of a CheckCommand.

    ``condition`` is an expression of Icinga's language that says whether a flag is
    given; None where a custom variable says it, or its value follows.
    """

    key: str
    variable: str
    description: str
    datatype: str
    is_flag: bool = False
    condition: str | None = None
    is_repeated: bool = False


def check_name(command: Command) -> str:
    """``ipsec`` for ``check_ipsec``: the template library leaves out the prefix too."""
    return command.name.removeprefix("check_")


def arguments(command: Command) -> Iterator[Argument]:
    """The arguments of a plugin, in the order of its parser."""
    prefix = check_name(command)
    for option in monitored(command):
        variable = f"{prefix}_{option.name}"
        if option.is_counted:
            for number in VERBOSITIES:
                condition = f'macro("${variable}$") == {number}'
                key = f"-{'v' * number}"
                yield Argument(key, variable, f"{variable} = {number}, of 1 to 3. {option.help}",
                               NUMBER, True, condition)  # fmt: skip
        elif option.is_repeated:
            yield Argument(option.key, variable, option.help, ARRAY, is_repeated=True)
        else:
            datatype = BOOLEAN if option.is_flag else STRING
            yield Argument(option.key, variable, option.help, datatype, option.is_flag)


def plugins() -> Iterator[Command]:
    """The commands that monitoring systems run."""
    return (command for command in COMMANDS if command.is_plugin)


# --- configuration file --------------------------------------------------------------


def configuration() -> str:
    """All CheckCommands, in Icinga's language."""
    return "\n".join((HEADER, *map(check_command, plugins())))


def check_command(command: Command) -> str:
    """One CheckCommand."""
    inner = "\n".join(map(argument, arguments(command)))
    return (
        f"object CheckCommand {quoted(check_name(command))} {{\n"
        f'\tcommand = [ PluginDir + "/{command.name}" ]\n\n'
        f"\targuments = {{\n{inner}\n\t}}\n}}\n"
    )


def argument(one: Argument) -> str:
    """One argument."""
    variable = quoted(f"${one.variable}$")
    if one.condition:
        lines = [f"set_if = {{{{ {one.condition} }}}}"]
    else:
        lines = [f"{'set_if' if one.is_flag else 'value'} = {variable}"]
    lines.append(f"description = {quoted(one.description)}")
    if one.is_repeated:
        lines.append("repeat_key = true")
    inner = "\n".join(f"\t\t\t{line}" for line in lines)
    return f"\t\t{quoted(one.key)} = {{\n{inner}\n\t\t}}"


def quoted(text: str) -> str:
    """A string of Icinga's language, which knows JSON's escapes."""
    return json.dumps(text, ensure_ascii=False)


# --- basket --------------------------------------------------------------------------


def basket() -> str:
    """The same commands, services for all hosts with ``vars.ipsec``, and fields, for Director."""
    fields = list(all_fields())
    found = {
        "Command": {check_name(command): basket_command(command) for command in plugins()},
        "ServiceTemplate": {
            f"tpl-service-{check_name(command)}": service_template(command, fields)
            for command in plugins()
        },
        "ServiceSet": {"IPsec": service_set()},
        "Datafield": {str(number): field for number, (_, field) in enumerate(fields, 1)},
    }
    return json.dumps(found, indent=4) + "\n"


def basket_command(command: Command) -> dict[str, object]:
    """A command as Director exports it."""
    return {
        "arguments": {one.key: basket_argument(one) for one in arguments(command)},
        "command": f"PluginDir + /{command.name}",
        "methods_execute": "PluginCheck",
        "object_name": check_name(command),
        "object_type": "object",
        "timeout": "60",
    }


def basket_argument(one: Argument) -> dict[str, object]:
    """An argument as Director exports it; it keeps the body of a condition as text."""
    variable = f"${one.variable}$"
    found: dict[str, object] = {"description": one.description}
    if one.condition:
        found |= {"set_if": one.condition, "set_if_format": "expression"}
    else:
        found["set_if" if one.is_flag else "value"] = variable
    if one.is_repeated:
        found["repeat_key"] = True
    return found


def all_fields() -> Iterator[tuple[Command, dict[str, object]]]:
    """A field for each custom variable, with the command that it is of."""
    for command in plugins():
        seen = set()
        for one in arguments(command):
            if one.variable not in seen:
                seen.add(one.variable)
                yield command, field(one)


def field(one: Argument) -> dict[str, object]:
    """A field as Director exports it."""
    settings = {"visibility": "visible"} if one.datatype == STRING else {}
    return {
        "varname": one.variable,
        "caption": one.variable.replace("_", " "),
        "description": one.description,
        "datatype": one.datatype,
        "format": None,
        "settings": settings,
    }


def service_template(
    command: Command, fields: list[tuple[Command, dict[str, object]]]
) -> dict[str, object]:
    """A service template that offers all fields of its command."""
    return {
        "check_command": check_name(command),
        "fields": [
            {"datafield_id": number, "is_required": "n", "var_filter": None}
            for number, (owner, _) in enumerate(fields, 1)
            if owner is command
        ],
        "check_interval": "60",
        "retry_interval": "30",
        "max_check_attempts": "3",
        "notes_url": f"{ADDRESS}#status-$service.state.soft_state$",
        "object_name": f"tpl-service-{check_name(command)}",
        "object_type": "template",
        "vars": {"ipsec_notes_url": f"{ADDRESS}#status-$service.state_id$"},
    }


def service_set() -> dict[str, object]:
    """The services of every host that has the custom variable."""
    services = [
        {
            "imports": [f"tpl-service-{check_name(command)}"],
            "object_name": check_name(command),
            "object_type": "object",
        }
        for command in plugins()
    ]
    return {
        "assign_filter": "host.vars.ipsec",
        "description": "hosts that run strongSwan",
        "object_name": "IPsec",
        "object_type": "template",
        "services": services,
    }
