# Prints each handshake initiation that comes from a client, as it comes in from its link: the time in seconds since 1970,
# the sender and the receiver. It knows UDP and the first byte of WireGuard's messages, and shares no code with us.
import socket
import struct
import sys
import time

ALL, INCOMING = 0x0003, 0
PREFIX = socket.inet_aton(sys.argv[1] + ".0.0")[:2]
packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
packets.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
print("listening", flush=True)
while True:
    packet, (_, _, kind, _, _) = packets.recvfrom(2048)
    if kind != INCOMING or len(packet) < 20 or packet[9] != 17 or packet[12:14] != PREFIX:
        continue
    payload = packet[(packet[0] & 15) * 4 + 8 :]
    if len(payload) != 148 or payload[0] != 1:
        continue
    at = time.time()
    print(at, socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]), flush=True)
