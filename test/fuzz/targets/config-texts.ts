/** What the fuzzing of config files starts from. */
export const configTexts = [
  '[Interface]\nListenPort = 51820 # as always\n',
  `# comment
[Interface]
PrivateKey = cN6oF8hYX8+camLMGdzEBq79GpS3MWLybC7OzYGJznk=
Address = 10.0.0.1/24, fd00::1/64
DNS = 10.0.0.53, example.org
MTU = 1420
Table = off
FwMark = 0x10
PostUp = echo %i # kept
SaveConfig = true

[Peer]
# Name = alice
PublicKey = xPUKOZP2NhBbW107mVmRWvW5LSMkhKSMqiq6q5cm6D4=
PresharedKey = mDSzjWvMnkHPcoOFYPXF3x5TutY6cP2fDdcywFWHEkg=
AllowedIPs = 10.0.0.2/32, +10.0.0.3/32, -fd00::2/128
Endpoint = vpn.example:51820
PersistentKeepalive = 25
`,
  '[Peer]\r\nPublicKey=/QA04x8iAdnf7n3cRZNvPjrWq0vXZRdKhXfCiDA9qQg=\r\nEndpoint=[fe80::1%eth0]:1\r\n',
  'ListenPort = 1\n[interface]\n  privatekey = (none)\nfwmark=off\n[Peer]\nUnknown = 1\n',
]
