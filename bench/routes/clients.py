"""Lists the routes of IPv4 whenever a line names a client, and answers with how many there are: pyynl, pyroute2."""

import sys

SPEC, PYYNL = sys.argv[1:]
sys.path.insert(0, PYYNL)
from lib import YnlFamily  # noqa: E402
from pyroute2 import IPRoute  # noqa: E402

AF_INET = 2
FAMILY = YnlFamily(SPEC, schema="")
ROUTES = IPRoute()


def pyynl():
    return len(FAMILY.dump("getroute", {"rtm-family": AF_INET}))


def pyroute2():
    # Newer ones give an iterator.
    return len(list(ROUTES.get_routes(family=AF_INET)))


for line in sys.stdin:
    print({"pyynl": pyynl, "pyroute2": pyroute2}[line.strip()](), flush=True)
