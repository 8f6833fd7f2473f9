"""Starts fakesnow on a port, as a server that takes what Snowflake takes and fakesnow does not.

It knows no settings of a session but two: here all others are taken, and mean nothing. Its times are in UTC anyway, and
its locks do not wait.
"""

import sys

from fakesnow import cli, transforms
from fakesnow.expr import exp
from fakesnow.transforms.transforms import SUCCESS_NOP

known = transforms.alter_session


def alter_session(expression):
    is_setting = isinstance(expression, exp.Alter) and expression.args.get("kind") == "SESSION"
    return SUCCESS_NOP.copy() if is_setting else known(expression)


transforms.alter_session = alter_session
sys.exit(cli.main(["--server", "--port", sys.argv[1]]))
