import type { Scenario } from './scenario.js'

const AF_INET = 2
const AF_INET6 = 10

const VETH = ['ip link add far type veth peer name near']

/** Families that a kernel has that can do little: veth is all it needs. */
export const everywhere: Scenario[] = [
  {
    family: 'nlctrl',
    dumps: [['getfamily'], ['getpolicy', { 'family-name': 'nlctrl' }], ['getpolicy']],
    dos: [
      ['getfamily', { 'family-name': 'nlctrl' }],
      ['getfamily', { 'family-id': 16 }],
      ['getfamily', { 'family-name': 'nothing' }],
      ['getfamily'],
    ],
  },
  {
    family: 'rt-link',
    stage: [
      ...VETH,
      'ip link set near alias "the near end" address 02:00:00:00:00:01 up',
      'ip link property add dev near altname near-with-a-longer-name altname another',
      'ip link add cross type bridge stp_state 1 ageing_time 100',
      'ip link set near master cross',
    ],
    dumps: [
      ['getlink'],
      ['getlink', { 'ext-mask': 9 }],
      ['getlink', { linkinfo: { kind: 'veth' } }],
      ['getstats', { 'filter-mask': 1 }],
    ],
    dos: [
      ['getlink', { ifname: 'lo' }],
      ['getlink', { 'alt-ifname': 'near-with-a-longer-name' }],
      ['getlink', { 'ifi-index': 1, 'ext-mask': 1 }],
      ['getlink', { ifname: 'nothing' }],
      ['getlink'],
      ['getstats', { ifindex: 1, 'filter-mask': 1 }],
      ['newlink', { ifname: 'x', linkinfo: { kind: 'nothing' } }, ['create']],
      ['newlink', { 'ifi-index': 1, mtu: 1 }],
      ['dellink', { ifname: 'lo' }],
    ],
    changes: [
      {
        make: [
          'newlink',
          {
            'ifi-index': 4711,
            ifname: 'made',
            mtu: 1300,
            address: '02:00:00:00:00:09',
            linkinfo: { kind: 'bridge', data: { 'forward-delay': 300, 'vlan-filtering': 0 } },
          },
          ['create', 'exclusive'],
        ],
        undo: ['dellink', { 'ifi-index': 4711 }],
        shows: ['getlink', { linkinfo: { kind: 'bridge' } }],
      },
    ],
    heard: {
      groups: ['rtnlgrp-link'],
      lines: ['ip link set near mtu 1400', 'ip link set near down'],
      count: 2,
    },
  },
  {
    family: 'rt-addr',
    stage: [
      ...VETH,
      'ip address add 192.0.2.1/24 dev near label near:1',
      'ip address add 198.51.100.1 peer 198.51.100.2 dev near valid_lft 3600 preferred_lft 600',
      'ip address add 2001:db8::1/64 dev near nodad',
      'ip link set near up',
    ],
    dumps: [['getaddr'], ['getaddr', { 'ifa-family': AF_INET }], ['getmulticast']],
    dos: [
      ['newaddr', { 'ifa-family': AF_INET, 'ifa-index': 4711, local: '192.0.2.9' }],
      ['deladdr', { 'ifa-family': AF_INET, 'ifa-index': 1, local: '192.0.2.9' }],
    ],
    changes: [
      {
        make: [
          'newaddr',
          { 'ifa-family': AF_INET6, 'ifa-prefixlen': 64, 'ifa-index': 1, local: '2001:db8::2' },
          ['create', 'exclusive'],
        ],
        undo: [
          'deladdr',
          { 'ifa-family': AF_INET6, 'ifa-prefixlen': 64, 'ifa-index': 1, local: '2001:db8::2' },
        ],
        shows: ['getaddr', { 'ifa-family': AF_INET6 }],
      },
    ],
  },
  {
    family: 'rt-route',
    stage: [
      ...VETH,
      'ip address add 192.0.2.1/24 dev near',
      'ip address add 2001:db8::1/64 dev near nodad',
      'ip link set far up',
      'ip link set near up',
      'ip route add 198.51.100.0/24 via 192.0.2.2 mtu 1400 advmss 1360 hoplimit 9 table 1000',
      'ip route add 203.0.113.0/24 nexthop via 192.0.2.3 weight 2 nexthop via 192.0.2.4',
      'ip route add blackhole 10.0.0.0/8 metric 5',
      'ip route add 2001:db8:1::/48 via 2001:db8::2 metric 7 pref high',
      'ip route add 198.18.0.0/15 via inet6 2001:db8::3 dev near',
    ],
    dumps: [
      ['getroute'],
      ['getroute', { 'rtm-family': AF_INET, table: 1000 }],
      ['getroute', { 'rtm-family': AF_INET6 }],
      ['getroute', { 'rtm-family': AF_INET, table: 4711 }],
    ],
    dos: [
      ['getroute', { 'rtm-family': AF_INET, 'rtm-dst-len': 32, dst: '192.0.2.9' }],
      ['getroute', { 'rtm-family': AF_INET6, 'rtm-dst-len': 128, dst: '2001:db8:1::9' }],
      ['getroute', { 'rtm-family': AF_INET, 'rtm-dst-len': 32, dst: '10.1.1.1' }],
      ['delroute', { 'rtm-family': AF_INET, 'rtm-dst-len': 8, dst: '11.0.0.0' }],
    ],
    changes: [
      {
        make: [
          'newroute',
          {
            'rtm-family': AF_INET,
            'rtm-dst-len': 24,
            'rtm-table': 254,
            'rtm-protocol': 4,
            'rtm-type': 1,
            dst: '198.51.100.0',
            gateway: '192.0.2.7',
            priority: 30,
            metrics: { mtu: 1280, initcwnd: 20 },
          },
          ['create', 'exclusive'],
        ],
        undo: [
          'delroute',
          { 'rtm-family': AF_INET, 'rtm-dst-len': 24, dst: '198.51.100.0', priority: 30 },
        ],
        shows: ['getroute', { 'rtm-family': AF_INET }],
      },
    ],
    heard: {
      groups: ['rtnlgrp-ipv4-route', 'rtnlgrp-ipv6-route'],
      lines: ['ip route add 10.9.0.0/16 via 192.0.2.2', 'ip route delete 2001:db8:1::/48'],
      count: 2,
    },
  },
  {
    family: 'rt-rule',
    stage: [
      'ip rule add from 192.0.2.0/24 lookup 1000 priority 100',
      'ip rule add fwmark 0x51/0xff table 51820 suppress_prefixlength 0 priority 101',
      'ip rule add iif lo ipproto udp dport 53-54 sport 1000 uidrange 10-20 blackhole priority 102',
      'ip -6 rule add not to 2001:db8::/32 goto 32766 priority 103',
    ],
    dumps: [['getrule'], ['getrule', { family: AF_INET }], ['getrule', { family: AF_INET6 }]],
    dos: [
      ['delrule', { family: AF_INET, priority: 4711 }],
      ['newrule', { family: AF_INET, 'dst-len': 99, dst: { $bytes: '0a000000' } }],
    ],
    changes: [
      {
        make: [
          'newrule',
          {
            family: AF_INET,
            action: 1,
            priority: 42,
            table: 30,
            fwmark: 7,
            'sport-range': { start: 5, end: 9 },
          },
          ['create', 'exclusive'],
        ],
        undo: ['delrule', { family: AF_INET, priority: 42 }],
        shows: ['getrule', { family: AF_INET }],
      },
    ],
    heard: {
      groups: ['rtnlgrp-ipv4-rule'],
      lines: ['ip rule add lookup 9 priority 9', 'ip rule delete priority 9'],
      count: 2,
    },
  },
  {
    family: 'rt-neigh',
    stage: [
      ...VETH,
      'ip address add 192.0.2.1/24 dev near',
      'ip link set far up',
      'ip link set near up',
      'ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev near nud permanent',
      'ip -6 neigh add 2001:db8::9 lladdr 02:00:00:00:00:0a dev near nud noarp',
      'ip neigh add proxy 192.0.2.8 dev near',
    ],
    dumps: [['getneigh'], ['getneigh', { 'ndm-family': AF_INET }], ['getneightbl']],
    dos: [['delneigh', { 'ndm-family': AF_INET, 'ndm-ifindex': 1, dst: '192.0.2.77' }]],
    changes: [
      {
        make: [
          'newneigh',
          {
            'ndm-family': AF_INET,
            'ndm-ifindex': 1,
            'ndm-state': 128,
            dst: '127.0.0.9',
            lladdr: '02:00:00:00:00:0b',
          },
          ['create', 'exclusive'],
        ],
        undo: ['delneigh', { 'ndm-family': AF_INET, 'ndm-ifindex': 1, dst: '127.0.0.9' }],
        shows: ['getneigh', { 'ndm-family': AF_INET }],
      },
    ],
    heard: {
      groups: ['rtnlgrp-neigh'],
      lines: ['ip neigh change 192.0.2.9 lladdr 02:00:00:00:00:0c dev near'],
      count: 1,
    },
  },
  {
    family: 'tc',
    stage: [...VETH, 'ip link set near up'],
    dumps: [['getqdisc'], ['getqdisc', { 'dump-invisible': true }]],
    dos: [
      ['getqdisc', { ifindex: 4711, parent: 0xffffffff }],
      ['newqdisc', { ifindex: 1, parent: 0xffffffff, kind: 'nothing' }, ['create']],
    ],
  },
  {
    family: 'ethtool',
    stage: [...VETH, 'ip link set near up', 'ip link set far up'],
    dumps: [
      ['linkinfo-get'],
      ['linkmodes-get'],
      ['linkstate-get'],
      ['debug-get'],
      ['features-get'],
      ['rings-get'],
      ['channels-get'],
      ['coalesce-get'],
      ['tsinfo-get'],
      ['strset-get'],
      ['stats-get'],
    ],
    dos: [
      ['features-get', { header: { 'dev-name': 'near' } }],
      ['linkstate-get', { header: { 'dev-name': 'near' } }],
      ['channels-get', { header: { 'dev-name': 'near', flags: ['compact-bitsets'] } }],
      ['strset-get', { header: { 'dev-name': 'near' } }],
      ['linkinfo-get', { header: { 'dev-name': 'nothing' } }],
      ['linkinfo-get'],
      ['channels-set', { header: { 'dev-name': 'near' }, 'rx-count': 4711 }],
      ['wol-get', { header: { 'dev-name': 'near' } }],
    ],
  },
  {
    family: 'netdev',
    stage: VETH,
    dumps: [['dev-get'], ['queue-get'], ['napi-get'], ['qstats-get'], ['page-pool-get']],
    dos: [
      ['dev-get', { ifindex: 1 }],
      ['dev-get', { ifindex: 4711 }],
      ['dev-get'],
      ['page-pool-get', { id: 4711 }],
    ],
    heard: { groups: ['mgmt'], lines: ['ip link add third type veth peer name fourth'], count: 2 },
  },
  {
    family: 'tcp_metrics',
    stage: [
      "python3 -c \"import socket; s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname()); c.send(b'x' * 9000); c.close()\"",
    ],
    dumps: [['get']],
    dos: [
      ['get', { 'addr-ipv4': '127.0.0.1' }],
      ['get', { 'addr-ipv4': '192.0.2.1' }],
      ['get'],
      ['del', { 'addr-ipv6': '2001:db8::1' }],
    ],
  },
]
