"""What a model may have of the commands: those that only read as tools, all others as proposals that people press.

Pure: nothing is run here. Whatever the model writes is material; only the registry says what a command is.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.assistant.steps import Look, Offer, Refused
from bot.bodies import argv_of, public, schema
from bot.command import Command, HelpWanted, Usage, find, parse, words
from bot.permissions import Caller, Role, may
from bot.phrasing import cut
from bot.talk import Call, Tool

PROPOSE = "propose"
"""The one tool through which the model names a command that changes something."""
LONGEST_LINE = 220
"""Characters of a command line that may be proposed: whoever presses must be able to read all of it."""


def tool_name(command: str) -> str:
    """The name that tools may have: "incident show" is incident_show."""
    return command.replace(" ", "_").replace(":", "__")


def sight(caller: Caller, role: Role) -> Role:
    """The role up to which the model may look: where others read the answer too, what every viewer may see.

    Else a text that the model obeys could bring what only operators see before everybody.
    """
    shared = caller.via == "slack" and bool(caller.thread_ts) and not caller.channel.startswith("D")
    return min(role, Role.VIEWER) if shared else role


def readable(commands: Mapping[str, Command], looks: Role) -> list[Command]:
    """The commands that the model may run by itself, looking as far as that role may."""
    return [cmd for cmd in commands.values() if cmd.reads and looks >= cmd.role]


def offerable(commands: Mapping[str, Command], role: Role) -> list[Command]:
    """The commands that may be proposed to an asker of that role."""
    return [cmd for cmd in commands.values() if not cmd.reads and role >= cmd.role]


def tools(commands: Mapping[str, Command], role: Role, looks: Role) -> list[Tool]:
    """What the model is told that it may ask for."""
    offered = [_tool(cmd) for cmd in readable(commands, looks)]
    if offerable(commands, role):
        offered.append(PROPOSAL)
    return offered


PROPOSAL = Tool(
    name=PROPOSE,
    description="Show the asker a button for a command that changes something. It is not run: a person decides.",
    parameters={
        "type": "object",
        "properties": {
            "command": {"type": "string", "description": 'The command line, for example: ack 3 --comment "on it"'}
        },
        "required": ["command"],
        "additionalProperties": False,
    },
)


def judged(call: Call, commands: Mapping[str, Command], role: Role, looks: Role) -> Look | Offer | Refused:
    """What becomes of a call: it may be run (as far as `looks`), shown as a button (as far as `role`), or neither."""
    try:
        argv = _line(call, commands)
        cmd, rest = find(argv, commands)
        params = parse(cmd, rest)
    except Usage as wrong:
        return Refused(str(wrong))
    except HelpWanted:
        return Look(("help", *find(argv, commands)[0].name.split()))
    verdict = may(role, cmd.role, cmd.name)
    if not verdict.allowed:
        return Refused(f"{verdict.reason}; say so, and name who could be asked")
    if cmd.only_reads(params):
        more = f"`{cmd.name}` shows more than all who read here may see; it can be asked alone with the bot"
        return Look(tuple(argv)) if cmd.role <= looks else Refused(more)
    return _offer(Offer((*cmd.name.split(), *rest)))


def _offer(offer: Offer) -> Offer | Refused:
    """The offer, if whoever presses can read all of it."""
    if offer.line.isprintable() and len(offer.line) <= LONGEST_LINE:
        return offer
    return Refused(f"a proposal is one line of at most {LONGEST_LINE} printable characters")


def _line(call: Call, commands: Mapping[str, Command]) -> Sequence[str]:
    """The command line that a call stands for; raises `Usage`."""
    given = _object(call.arguments)
    if call.name == PROPOSE:
        said = given.get("command")
        if not isinstance(said, str):
            raise Usage('"command" must be a command line')
        return _bare(words(said))
    names = {tool_name(name): name for name in commands}
    name = names.get(call.name.strip().replace(" ", "_"))
    if name is None:
        raise Usage(f"there is no tool {cut(call.name, 64)!r}")
    return argv_of({**given, "command": name}, commands)


def _object(arguments: str) -> Mapping[str, Any]:
    try:
        given = json.loads(arguments or "{}")
    except ValueError:
        raise Usage("the arguments must be one JSON object") from None
    if not isinstance(given, dict):
        raise Usage("the arguments must be one JSON object")
    return given


def _bare(argv: Sequence[str]) -> list[str]:
    """The words behind "/do manage", which models add because people type it."""
    said = list(argv)
    if said and said[0].startswith(("/", "./", "@")):
        said = said[1:]
    return said[1:] if said[:1] == ["manage"] else said


def _tool(cmd: Command) -> Tool:
    """A command that reads, without what would make it act."""
    told = schema(cmd)
    acting = {public(param) for param in cmd.click.params if param.name in cmd.acts}
    properties = {name: of for name, of in told["parameters"]["properties"].items() if name not in acting}
    return Tool(
        name=tool_name(cmd.name),
        description=cmd.summary,
        parameters={**told["parameters"], "properties": properties},
    )
