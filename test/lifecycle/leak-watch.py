"""Sends datagrams that say so to some addresses, and counts those that arrive at a link in clear.

Usage: leak-watch.py LINK ADDRESS...
A line on standard input is answered with the count since the last one; behind the line `forget` nothing counts that
was sent before it, however late it arrives. Ends with its input.
"""

import select
import socket
import struct
import sys
import time

MARKER = b"this is in clear"
EPOCH = struct.Struct("!I")
ETH_P_ALL = 3
PACKET_OUTGOING = 4
link, addresses = sys.argv[1], sys.argv[2:]

sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
sniffer.bind((link, 0))
sniffer.setblocking(False)

targets = []
for address in addresses:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    targets.append((socket.socket(family, socket.SOCK_DGRAM), (address, 9)))


def send(epoch):
    for sender, target in targets:
        try:
            sender.sendto(MARKER + EPOCH.pack(epoch), socket.MSG_DONTWAIT, target)
        except OSError:
            pass


def drain(epoch):
    seen = 0
    while True:
        try:
            frame, (_, _, kind, *_) = sniffer.recvfrom(65536)
        except BlockingIOError:
            return seen
        at = frame.find(MARKER)
        if at < 0 or kind == PACKET_OUTGOING:
            continue
        if EPOCH.unpack_from(frame, at + len(MARKER))[0] == epoch:
            seen += 1


count = sent = epoch = 0
while True:
    send(epoch)
    sent += 1
    count += drain(epoch)
    if not select.select([sys.stdin], [], [], 0.0005)[0]:
        continue
    line = sys.stdin.readline()
    if not line:
        break
    # What was sent before this moment has arrived then, but on a busy machine: it counts the next time.
    time.sleep(0.02)
    count += drain(epoch)
    print(f"{count} {sent}", flush=True)
    count = sent = 0
    if line.strip() == "forget":
        epoch += 1
