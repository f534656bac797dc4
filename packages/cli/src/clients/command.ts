import type { Argument, Command } from '../command.js'

const CLIENT = ['client'] as const

const what: Argument = { name: 'client', summary: 'the word "client"', completes: CLIENT }
const device: Argument = {
  name: 'interface',
  summary:
    "name of the server's interface, whose file is /etc/wireguard/NAME.conf, or path of a file NAME.conf",
  completes: 'device',
}

export const clientCommands: readonly Command[] = [
  {
    name: 'new',
    summary: 'Add a client to a server, and print its config file',
    description: `Makes keys for a client, chooses the next free address of each network of the server, adds the client to the server's config file and to the device when it is there, and prints the client's config file. The file is edited in place: comments and all else stay. It holds the client's private key, which is kept nowhere else.

Free is what no peer has, in the file or in the device alone, nor a client that is commented out in the file, and what --reserve does not name. A program that keeps clients in a database of its own knows more of them than file and device: let it add clients itself, or say their addresses.

When several are added at once each has an address of its own. A signal ends it as long as nothing was changed, and is heard when all is done from then on. When the client's file cannot be written, the client is taken back.`,
    usage: ['new client <interface> --endpoint <host> [options]'],
    arguments: [what, device],
    options: [
      {
        flags: '--endpoint <host>',
        summary: "where the client reaches the server: a host with the server's port, or HOST:PORT",
      },
      { flags: '--name <name>', summary: "what to call it in the server's file" },
      { flags: '--address <addresses>', summary: 'its addresses; else the next free ones' },
      {
        flags: '--reserve <networks>',
        summary:
          'addresses and networks that are not free, such as those of clients that a panel disabled',
      },
      {
        flags: '--allowed-ips <networks>',
        summary: 'what it sends through the tunnel',
        default: '0.0.0.0/0, ::/0',
      },
      {
        flags: '--networks <networks>',
        summary: 'networks behind it, which the server reaches through it',
      },
      { flags: '--dns <servers>', summary: 'its name servers and search domains' },
      { flags: '--mtu <bytes>', summary: 'its MTU' },
      { flags: '--keepalive <seconds>', summary: 'its persistent keepalive' },
      {
        flags: '--public-key <key>',
        summary: 'its public key, when it keeps its private key to itself',
      },
      { flags: '--no-preshared-key', summary: 'without a preshared key' },
      {
        flags: '--output <file>',
        summary: 'write its file there, readable by its owner alone, instead',
      },
      { flags: '--qr', summary: 'print its file as a QR code as well, for a phone' },
    ],
    examples: [
      {
        command: 'wgctrl new client wg0 --endpoint vpn.example.net --name alice --qr',
        summary: 'a client for a phone',
      },
    ],
    grammar: 'options',
    load: async () => (await import('./new-client.js')).runNew,
  },
  {
    name: 'remove',
    summary: 'Remove a client from a server',
    description: `Removes a client from the server's config file, with its comments, and from the device when it is there. The client is named by its public key, or by the name that a comment in the file gives it. A signal is heard as by "new".`,
    usage: ['remove client <interface> <name>'],
    arguments: [what, device, { name: 'name', summary: 'name or public key of the client' }],
    examples: [{ command: 'wgctrl remove client wg0 alice', summary: 'alice is out' }],
    grammar: 'options',
    load: async () => (await import('./remove-client.js')).runRemove,
  },
  {
    name: 'qr',
    summary: 'Print a config file as a QR code',
    description: `Prints the file as the QR code that the WireGuard apps of phones scan. It holds the secrets of the file, as whoever sees the terminal does then. It takes the package qr: npm install --global qr.`,
    arguments: [{ name: 'file', summary: 'a config file', completes: 'file' }],
    options: [{ flags: '--svg', summary: 'as a picture in SVG' }],
    examples: [{ command: 'wgctrl qr alice.conf', summary: 'for a phone' }],
    grammar: 'options',
    load: async () => (await import('./qr.js')).runQr,
  },
]
