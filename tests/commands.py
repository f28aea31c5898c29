"""Every command and every option of it, as the command line itself lists them."""

from __future__ import annotations

from safespace.cli import pages
from safespace.cli.refusals import option_of
from safespace.cli.verbs import VERBS, Later

COMMANDS = dict(pages._commands({verb.name: Later(verb).read() for verb in VERBS}))
OPTIONS = [
    (name, option_of(part), part)
    for name, command in COMMANDS.items()
    for part in command.params
    if part.param_type_name == "option"
]
VALUED = [(name, option) for name, option, part in OPTIONS if not part.is_flag]
FLAGS = {(name, option) for name, option, part in OPTIONS if part.is_flag}
