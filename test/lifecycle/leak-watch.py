"""Sends datagrams that say so to some addresses, and counts those that arrive at a link in clear.

Usage: leak-watch.py LINK ADDRESS...
A line on standard input is answered with the count since the last one. Ends with its input.
"""

import select
import socket
import sys
import time

MARKER = b"this is in clear"
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


def send():
    for sender, target in targets:
        try:
            sender.sendto(MARKER, socket.MSG_DONTWAIT, target)
        except OSError:
            pass


def drain():
    seen = 0
    while True:
        try:
            frame, (_, _, kind, *_) = sniffer.recvfrom(65536)
        except BlockingIOError:
            return seen
        if MARKER in frame and kind != PACKET_OUTGOING:
            seen += 1


count = sent = 0
while True:
    send()
    sent += 1
    count += drain()
    if not select.select([sys.stdin], [], [], 0.0005)[0]:
        continue
    if not sys.stdin.readline():
        break
    # What was sent before this moment has arrived then.
    time.sleep(0.02)
    count += drain()
    print(f"{count} {sent}", flush=True)
    count = sent = 0
