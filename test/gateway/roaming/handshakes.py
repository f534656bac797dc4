# Prints each handshake message between clients and gateways, as it comes in from its link: the time in seconds since 1970 by
# the kernel, its kind (1: initiation, 2: response), the sender and the receiver. It knows UDP and the first byte of WireGuard's
# messages, and shares no code with us.
import socket
import struct
import sys

ALL, INCOMING = 0x0800, 0
SO_TIMESTAMPNS, SO_RCVBUFFORCE = 35, 33
SIZES = {1: 148, 2: 92}
PREFIX = socket.inet_aton(sys.argv[1] + ".0.0")[:2]
packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL))
packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
packets.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
print("listening", flush=True)
while True:
    packet, more, _, (_, _, kind, _, _) = packets.recvmsg(2048, 64)
    if kind != INCOMING or len(packet) < 20 or packet[9] != 17:
        continue
    if PREFIX not in (packet[12:14], packet[16:18]):
        continue
    payload = packet[(packet[0] & 15) * 4 + 8 :]
    if not payload or SIZES.get(payload[0]) != len(payload):
        continue
    seconds, nanoseconds = struct.unpack("qq", more[0][2])
    ends = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    print(f"{seconds}.{nanoseconds:09}", payload[0], *ends, flush=True)
