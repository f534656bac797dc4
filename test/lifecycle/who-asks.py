"""Who a packet seems to come from, on the other side.

serve: tells everybody who sends a datagram to port 7000 from which address it came.
ask <address> <milliseconds>: prints what it is told, or `nothing` when that takes longer.
"""

import socket
import sys
import time

mode, *rest = sys.argv[1:]

if mode == 'serve':
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(('::', 7000))
    print('ready', flush=True)
    while True:
        _, sender = server.recvfrom(16)
        try:
            server.sendto(sender[0].replace('::ffff:', '').encode(), sender)
        except OSError:
            # No way leads back there.
            pass

address, patience = rest
client = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(0.1)
end = time.monotonic() + int(patience) / 1000
answer = 'nothing'
while answer == 'nothing' and time.monotonic() < end:
    try:
        client.sendto(b'?', (address, 7000))
        answer = client.recv(64).decode()
    except OSError:
        # Nobody is there yet, or no answer came within that time.
        time.sleep(0.05)
print(answer)
