import type { Scenario } from './scenario.js'

const CARD = { 'bus-name': 'pci', 'dev-name': '0000:00:00.0' }

/** Families and kinds that need more modules than the kernels of small machines have. */
export const inMachine: Scenario[] = [
  {
    family: 'rt-link',
    name: 'rt-link, of many kinds',
    stage: [
      'ip link add br0 type bridge stp_state 1 vlan_filtering 1',
      'ip link add far type veth peer name near',
      'ip link set near master br0',
      'ip link add bond0 type bond mode active-backup miimon 100',
      'ip link add link far name far.7 type vlan id 7 egress-qos-map 1:2 ingress-qos-map 3:4',
      'ip link add vrf0 type vrf table 1000',
      'ip link add gre0x type gre local 192.0.2.1 remote 192.0.2.2 ttl 9',
      'ip link add ipip0x type ipip local 192.0.2.1 remote 192.0.2.3',
      'ip link add geneve0 type geneve id 3 remote 192.0.2.4',
      'ip tuntap add mode tun name tun0',
    ],
    dumps: [['getlink'], ['getlink', { 'ext-mask': 1 }]],
    dos: [
      ['getlink', { ifname: 'br0' }],
      ['getlink', { ifname: 'near' }],
      ['getlink', { ifname: 'far.7' }],
    ],
    changes: [
      {
        make: [
          'newlink',
          {
            'ifi-index': 4711,
            ifname: 'made',
            address: '02:00:00:00:00:09',
            linkinfo: { kind: 'vrf', data: { table: 77 } },
          },
          ['create', 'exclusive'],
        ],
        undo: ['dellink', { 'ifi-index': 4711 }],
        shows: ['getlink', { linkinfo: { kind: 'vrf' } }],
      },
    ],
  },
  {
    family: 'tc',
    name: 'tc, disciplines and filters',
    stage: [
      'ip link add far type veth peer name near',
      'ip link set near up',
      'tc qdisc add dev near root handle 1: htb default 10',
      'tc class add dev near parent 1: classid 1:10 htb rate 10mbit ceil 20mbit',
      'tc qdisc add dev near parent 1:10 handle 10: fq_codel limit 500 target 7ms',
      'tc qdisc add dev near clsact',
      'tc filter add dev near ingress protocol ip prio 1 flower dst_ip 192.0.2.0/24 action drop',
      'tc filter add dev near ingress protocol ip prio 2 matchall action ok',
      'tc qdisc add dev far root tbf rate 1mbit burst 10k latency 50ms',
    ],
    dumps: [['getqdisc'], ['gettfilter', { ifindex: 2, parent: 0xfffffff2 }]],
    dos: [['getqdisc', { ifindex: 2, parent: 0xffffffff }]],
  },
  {
    // Debian builds no network card that is simulated: the lists are empty, and each card is refused.
    family: 'devlink',
    dumps: [['get'], ['port-get'], ['info-get'], ['param-get'], ['trap-get'], ['rate-get']],
    dos: [
      ['get', CARD],
      ['get'],
      ['port-get', { ...CARD, 'port-index': 0 }],
      ['eswitch-get', CARD],
      ['trap-set', { ...CARD, 'trap-name': 'none', 'trap-action': 'trap' }],
    ],
  },
  {
    family: 'nl80211',
    isGlobal: true,
    stage: ['modprobe mac80211_hwsim radios=2'],
    dumps: [['get-wiphy', { 'split-wiphy-dump': true }], ['get-interface']],
    dos: [
      ['get-interface', { ifname: 'wlan0' }],
      ['get-protocol-features'],
      ['get-wiphy', { wiphy: 4711 }],
      ['get-interface', { ifname: 'lo' }],
    ],
  },
  {
    family: 'team',
    stage: ['modprobe team', 'ip link add team0 type team'],
    dos: [
      ['options-get', { 'team-ifindex': 2 }],
      ['port-list-get', { 'team-ifindex': 2 }],
      ['options-get', { 'team-ifindex': 1 }],
      ['options-get'],
    ],
  },
  {
    family: 'ovs_datapath',
    stage: ['modprobe openvswitch'],
    dumps: [['get']],
    dos: [
      ['new', { name: 'ovs0', 'upcall-pid': 0, 'user-features': 1 }],
      ['get', { name: 'ovs0' }],
      ['get', { name: 'nothing' }],
    ],
  },
  {
    family: 'psp',
    mayBeMissing: true,
    dumps: [['dev-get'], ['get-stats']],
    dos: [['dev-get', { id: 4711 }], ['dev-get']],
  },
  {
    family: 'wireguard',
    stage: [
      'modprobe wireguard',
      'ip link add wg0 type wireguard',
      'wg genkey >/tmp/ynl-wg-key',
      'wg set wg0 private-key /tmp/ynl-wg-key listen-port 51820 fwmark 7 peer "$(wg genkey | wg pubkey)" allowed-ips 10.0.0.0/24,2001:db8::/64 endpoint 127.0.0.1:51821 persistent-keepalive 25 peer "$(wg genkey | wg pubkey)"',
      'rm /tmp/ynl-wg-key',
    ],
    dumps: [
      ['get-device', { ifname: 'wg0' }],
      ['get-device', { ifindex: 2 }],
      ['get-device', { ifname: 'lo' }],
      ['get-device', { ifname: 'nothing' }],
    ],
    dos: [
      ['set-device', { ifname: 'wg0', 'listen-port': 51830, fwmark: 8 }],
      ['set-device', { ifname: 'lo', fwmark: 8 }],
    ],
  },
]
