import type { Command } from '../command.js'

export const metricsCommand: Command = {
  name: 'metrics',
  summary: 'Serve metrics for Prometheus',
  description: `Serves what the devices count, under /metrics, until it is told to end. The names are those of prometheus_wireguard_exporter, so dashboards made for it work: wireguard_sent_bytes_total, wireguard_received_bytes_total and wireguard_latest_handshake_seconds, with the labels interface, public_key, allowed_ips and, where a config file names the peer in a comment, friendly_name. Private and preshared keys are never among them. Beside them: wireguard_up, 1 for each device that could be read and 0 for each that could not, wireguard_peers, and wireguard_read_errors_total with the code of what went wrong.

However many ask at once, a device is read once, and at most as often as --max-age says; all get the same page. A device has 5 seconds for its answer, or what the scraper's X-Prometheus-Scrape-Timeout-Seconds leaves of them: one that hangs keeps none of the others from the page. A connection has one request at a time (what comes before the answer is taken gets 503), and of more than 256 connections the one that was silent for longest is closed.

It runs well as a service: SIGTERM ends it, SIGHUP has it read the names again, and a service manager that sets NOTIFY_SOCKET hears how it is (with the npm package unix-dgram). The package has a unit for systemd.`,
  arguments: [
    {
      name: 'device',
      summary: 'names of devices; all devices when absent',
      isOptional: true,
      isVariadic: true,
      completes: 'device',
    },
  ],
  options: [
    {
      flags: '-l, --listen <address>',
      summary: 'address and port to serve on, as 127.0.0.1:9586 or [::1]:9586',
      default: '127.0.0.1:9586',
    },
    {
      flags: '--names <file...>',
      summary: 'config files with the names of peers, instead of /etc/wireguard/DEVICE.conf',
      completes: 'file',
    },
    { flags: '--max-age <seconds>', summary: 'how old what is served may be', default: '1' },
    {
      flags: '--remote-labels',
      summary: "add the labels remote_ip and remote_port, a peer's endpoint",
    },
    {
      flags: '--handshake-delay',
      summary: 'add wireguard_latest_handshake_delay_seconds, the age of the last handshake',
    },
  ],
  examples: [
    { command: 'wgctrl metrics', summary: 'all devices, on 127.0.0.1:9586' },
    {
      command: 'wgctrl metrics wg0 --names /etc/wgctrl/names.conf',
      summary: 'one device, with names from a file that holds no secrets',
    },
  ],
  grammar: 'options',
  load: async () => (await import('./metrics.js')).runMetrics,
}
