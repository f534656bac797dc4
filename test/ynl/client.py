"""Asks the kernel through the kernel's own client, pyynl: a line of JSON in, a line of JSON out.

Values that JSON has no word for are objects of one key: {"$bytes": hex}, {"$set": [...]}, {"$int": text}.
"""

import json
import sys
import time

sys.path.insert(0, sys.argv[1])
from lib import Netlink, NlError, YnlFamily  # noqa: E402

FLAGS = {
    "create": Netlink.NLM_F_CREATE,
    "replace": Netlink.NLM_F_REPLACE,
    "exclusive": Netlink.NLM_F_EXCL,
    "append": Netlink.NLM_F_APPEND,
}


def plain(value):
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, (set, frozenset)):
        return {"$set": sorted(value)}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return {"$int": str(value)}
    return value


def given(value):
    """The same the other way round."""
    if isinstance(value, dict):
        if list(value) == ["$bytes"]:
            return bytes.fromhex(value["$bytes"])
        return {key: given(each) for key, each in value.items()}
    if isinstance(value, list):
        return [given(each) for each in value]
    return value


class Client:
    def __init__(self):
        self.families = {}
        self.listeners = []

    def family(self, spec):
        if spec not in self.families:
            self.families[spec] = YnlFamily(spec, schema="", process_unknown=True)
        return self.families[spec]

    def do(self, spec, name, values, flags):
        flags = [FLAGS[flag] for flag in flags]
        return self.family(spec).do(name, given(values), flags)

    def dump(self, spec, name, values):
        return self.family(spec).dump(name, given(values))

    def subscribe(self, spec, groups):
        listener = YnlFamily(spec, schema="", process_unknown=True)
        listener.ntf_subscribe(groups[0])
        # It would bind its socket once more for each.
        for group in groups[1:]:
            number = listener.nlproto.get_mcast_id(group, listener.mcast_groups)
            listener.sock.setsockopt(
                Netlink.SOL_NETLINK, Netlink.NETLINK_ADD_MEMBERSHIP, number
            )
        self.listeners.append(listener)

    def heard(self, count, seconds):
        """So many notifications, or those that came until the time was over."""
        found = []
        end = time.monotonic() + seconds
        while len(found) < count and time.monotonic() < end:
            for listener in self.listeners:
                listener.check_ntf()
                while not listener.async_msg_queue.empty():
                    found.append(listener.async_msg_queue.get())
            time.sleep(0.01)
        return found


def main():
    # What the client prints itself is no answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    client = Client()
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = {"value": plain(getattr(client, call["call"])(*call["with"]))}
        except NlError as error:
            # What it did not read of this answer it would take for the next one.
            client.families.clear()
            answer = {"errno": error.error, "extack": plain(error.nl_msg.extack or {})}
        except Exception as error:  # pylint: disable=broad-except
            client.families.clear()
            answer = {"failure": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


main()
