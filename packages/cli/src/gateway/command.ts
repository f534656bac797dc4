import type { Command } from '../command.js'

export const gatewayCommand: Command = {
  name: 'gateway',
  isLocal: true,
  summary: 'Run a gateway that holds the clients that are there',
  description: `Brings an interface up and lets in the clients of a store as they connect: files, an HTTP service, or a bucket of NATS. The device holds those that are there, however many the store has. What changes in the store changes in the device at once: a client that is revoked is gone within a second, and nobody else is cut off. When the store is away, those who are in stay, and those who were there before are let in.

The config is a file of JSON; docs/gateway.md says what may stand in it. It needs the package @wgctrl/gateway beside this one.

It tells what happens in lines of text or JSON on standard output, and serves metrics for Prometheus and its health where the config says so. It runs well as a service: SIGTERM ends it and leaves the interface and the sessions as they are, SIGHUP has it read the interface's file and look at the store, and a service manager that sets NOTIFY_SOCKET hears how it is (with the npm package unix-dgram). The package has a unit for systemd.`,
  options: [
    {
      flags: '-c, --config <file>',
      summary: 'the config of the gateway',
      default: '/etc/wgctrl/gateway.json',
      completes: 'file',
    },
    { flags: '--check', summary: 'say whether the config can be used, and do nothing' },
  ],
  examples: [
    {
      command: 'wgctrl gateway --config gateway.json',
      summary: 'a gateway until it is told to end',
    },
    { command: 'wgctrl gateway --check', summary: 'is /etc/wgctrl/gateway.json right?' },
  ],
  grammar: 'options',
  load: async () => (await import('./gateway.js')).runGateway,
}

export const sealCommand: Command = {
  name: 'seal',
  isLocal: true,
  summary: "Seal a client's preshared key for gateways",
  description: `Reads a preshared key from standard input and prints it sealed, as it may stand in a store of clients: in JSON as "sealedPresharedKey", in a file as a comment "# SealedPresharedKey = ...". Only a gateway with the private key of the public key that is named can read it, and only for this client. For several gateways there is a line for each, in their order.

It needs the package @wgctrl/gateway beside this one.`,
  arguments: [
    { name: 'client', summary: 'public key of the client' },
    {
      name: 'gateways',
      summary: 'public keys of gateways, or of what their sealKeyFile has',
      isVariadic: true,
    },
  ],
  examples: [
    {
      command: 'wgctrl genpsk | tee alice.psk | wgctrl seal "$ALICE" "$GATEWAY"',
      summary: 'a preshared key that alice has, sealed for the store',
    },
  ],
  grammar: 'options',
  load: async () => (await import('./seal.js')).runSeal,
}
