import { type Cases, client } from '../case.js'

const log = '>> "$RESOLVCONF_LOG"'
const hooks = (lines: string) => client(`Address = 10.20.0.2/24\n${lines}`)

/** PreUp, PostUp, PreDown and PostDown. */
export const hookCases: Cases = {
  'one of each, in their order': {
    text: hooks(
      `PreUp = echo pre-up %i ${log}\nPostUp = echo post-up %i ${log}\nPreDown = echo pre-down %i ${log}\nPostDown = echo post-down %i ${log}`,
    ),
  },
  'what each of them sees': {
    text: hooks(
      ['PreUp', 'PostUp', 'PreDown', 'PostDown']
        .map(
          (key) =>
            `${key} = echo ${key} $(ip -o addr show dev %i 2>/dev/null | wc -l) $(ip route show 10.20.0.0/16 | wc -l) ${log}`,
        )
        .join('\n'),
    ),
  },
  'many of each, in the order of the file': {
    text: hooks(
      `PostUp = echo one ${log}\nPostUp = echo two ${log}\nPostUp = echo three ${log}\nPreUp = echo zero ${log}`,
    ),
  },
  'quotes of both kinds': { text: hooks(`PostUp = echo "a  b" 'c  d' ${log}`) },
  'a sign for comments in a hook': { text: hooks(`PostUp = echo "a # b" ${log} # and a comment`) },
  'a sign of equality in a hook': { text: hooks(`PostUp = A=b; echo "$A=c" ${log}`) },
  'the name of the interface, several times': {
    text: hooks(`PostUp = echo %i %%i %i.%i \\%i ${log}`),
  },
  'an escaped semicolon': { text: hooks(`PostUp = echo a\\; b ${log}`) },
  'a test': { text: hooks(`PostUp = [ 1 = 1 ] && echo yes ${log} || echo no ${log}`) },
  'a test that fails before the last command': {
    text: hooks(`PostUp = [ 1 = 2 ] && echo yes ${log}; echo after ${log}`),
  },
  'a command that fails first': { text: hooks(`PostUp = false; echo after ${log}`) },
  'a pipe that fails first': { text: hooks('PostUp = false | cat') },
  'a command that fails and is forgiven': {
    text: hooks(`PostUp = false || true; echo after ${log}`),
  },
  'an end with a status': { text: hooks('PostUp = exit 3') },
  'an end with none': { text: hooks(`PostUp = exit 0\nPostUp = echo next ${log}`) },
  'a program that is not there': { text: hooks('PostUp = no-such-program %i') },
  'a stray quote': { text: hooks('PostUp = echo "open') },
  'a failing PreUp': { text: hooks(`PreUp = false\nPostDown = echo down ${log}`) },
  'a failing PostUp behind others': {
    text: hooks(`PostUp = echo one ${log}\nPostUp = false\nPostUp = echo three ${log}`),
  },
  'a failing PreDown': { text: hooks('PreDown = false') },
  'a failing PostDown': { text: hooks('PostDown = false') },
  'patterns of the long kind': { text: hooks(`PostUp = a=aab; echo "\${a##+(a)}" ${log}`) },
  'variables of wg-quick(8)': {
    text: hooks(`PostUp = echo "$INTERFACE" "\${CONFIG_FILE##*/}" ${log}`),
  },
  'lists and functions of the shell': {
    text: hooks(
      `PostUp = a=( x y ); f() { echo "f $1" ${log}; }; for i in "\${a[@]}"; do f "$i"; done`,
    ),
  },
  'a process in the place of a file': { text: hooks(`PostUp = cat <(echo inner) ${log}`) },
  'a key by a hook before': {
    text: client(`Address = 10.20.0.2/24\nPreUp = wg set %i private-key <(echo {private})`).replace(
      'PrivateKey = {private}\n',
      '',
    ),
  },
  'a key by a hook behind': {
    text: client(
      `Address = 10.20.0.2/24\nPostUp = wg set %i private-key <(echo {private})`,
    ).replace('PrivateKey = {private}\n', ''),
  },
  'input of a hook': { text: hooks(`PostUp = cat < /dev/null ${log}; echo read ${log}`) },
  'rules of its own': {
    text: hooks(
      'PostUp = ip rule add from 10.20.0.2 table 123; ip route add default dev %i table 123\nPreDown = ip rule del from 10.20.0.2 table 123',
    ),
  },
  'a route of its own': { text: hooks('PostUp = ip route add 198.51.100.0/24 dev %i') },
  'an address of its own': { text: hooks('PostUp = ip address add 10.77.0.1/24 dev %i') },
  'an MTU of its own': { text: hooks('PostUp = ip link set mtu 1337 dev %i') },
  'letters of Latin-1': { text: hooks(`PostUp = echo B\u00fcro ${log}`), encoding: 'latin1' },
  'letters of UTF-8': { text: hooks(`PostUp = echo Büro ${log}`) },
  'a hook in lower case': { text: hooks(`postup = echo low ${log}`) },
  'PreDown that empties the firewall': {
    text: client(
      `Address = 10.20.0.2/24\nPreDown = nft flush ruleset\nPostDown = echo down ${log}`,
      'Endpoint = 192.0.2.9:51820\nAllowedIPs = 0.0.0.0/0, ::/0',
    ),
  },
  'PreDown that takes the rules': {
    text: client(
      `Address = 10.20.0.2/24\nPreDown = ip rule del table 51820; ip rule del table main suppress_prefixlength 0\nPostDown = echo down ${log}`,
      'Endpoint = 192.0.2.9:51820\nAllowedIPs = 0.0.0.0/0',
    ),
  },
  'a rule of priority 1': {
    text: client(
      'Address = 10.20.0.2/24\nPreUp = ip rule add from 10.128.0.1 lookup 77 priority 1\nPostDown = ip rule del from 10.128.0.1',
      'Endpoint = 192.0.2.9:51820\nAllowedIPs = 0.0.0.0/0',
    ),
    differs: { reason: 'With a rule of priority 0 or 1' },
  },
}
