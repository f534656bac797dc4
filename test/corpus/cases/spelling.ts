import { type Cases, client } from '../case.js'

const peer = '\n[Peer]\nPublicKey = {alice}\nAllowedIPs = 10.20.0.2/32\n'

/** Hand-written: spaces, letters, comments, ends of lines and encodings. */
export const spelling: Cases = {
  'ends of lines of another system': {
    text: client('Address = 10.20.0.2/24\nDNS = 10.20.0.1').replaceAll('\n', '\r\n'),
  },
  'both ends of lines': {
    text: client('Address = 10.20.0.2/24')
      .replace('{private}\n', '{private}\r\n')
      .replace('[Peer]\n', '[Peer]\r\n'),
  },
  'no spaces': {
    text: `[Interface]\nPrivateKey={private}\nAddress=10.20.0.1/24\nMTU=1400\n[Peer]\nPublicKey={alice}\nAllowedIPs=10.20.0.2/32\n`,
  },
  'no end of the last line': { text: client('Address = 10.20.0.2/24').trimEnd() },
  'carriage returns alone': { text: client('Address = 10.20.0.2/24').replaceAll('\n', '\r') },
  'a mark of the byte order': { text: `\uFEFF${client('Address = 10.20.0.2/24')}` },
  'sixteen bits for each letter': {
    text: client('Address = 10.20.0.2/24'),
    encoding: 'utf16le',
    differs: { reason: 'NUL in a line', refused: /line 1/ },
  },
  'comments in Latin-1': { text: client('Address = 10.20.0.2/24 # B\u00fcro'), encoding: 'latin1' },
  'comments in UTF-8': { text: client('Address = 10.20.0.2/24 # Büro in Zürich ✓') },
  'comments after every value': {
    text: `[Interface] # ours\nPrivateKey = {private} # secret\nAddress = 10.20.0.1/24 # inside\nMTU = 1400#narrow\n\n[Peer]# theirs\nPublicKey = {alice}#alice\nAllowedIPs = 10.20.0.2/32 # one\n`,
  },
  'tabs and spaces everywhere': {
    text: `  [Interface]\n\tPrivateKey\t=\t{private}\t\n   Address   =   10.20.0.1/24   \n \n\t[Peer]\n\tPublicKey\t= {alice}\n\tAllowedIPs =\t10.20.0.2/32\t\n`,
  },
  'lower case': {
    text: `[interface]\nprivatekey = {private}\naddress = 10.20.0.1/24\nmtu = 1400\n[peer]\npublickey = {alice}\nallowedips = 10.20.0.2/32\npersistentkeepalive = 25\n`,
  },
  'upper case': {
    text: `[INTERFACE]\nPRIVATEKEY = {private}\nADDRESS = 10.20.0.1/24\nTABLE = OFF\n[PEER]\nPUBLICKEY = {alice}\nALLOWEDIPS = 10.30.0.2/32\n`,
  },
  'spaces within a key': {
    text: `[Interface]\nPrivate Key = {private}\nAddress = 10.20.0.1/24\n${peer}`,
  },
  'spaces within a header': {
    text: `[ Interface ]\nPrivateKey = {private}\nAddress = 10.20.0.1/24\n${peer}`,
  },
  'comments that begin with a semicolon': { text: client('; a comment\nAddress = 10.20.0.2/24') },
  'comments that begin with slashes': { text: client('// a comment\nAddress = 10.20.0.2/24') },
  'values in quotes': { text: client('Address = "10.20.0.2/24"') },
  'a colon for the sign of equality': { text: client('Address: 10.20.0.2/24') },
  'a space that does not break': { text: client('Address =\u00a010.20.0.2/24') },
  'a space of no width': { text: client('Address = 10.20.0.2/24\u200b') },
  'a comma at the end of the networks': {
    text: client('Address = 10.20.0.2/24', 'AllowedIPs = 10.20.0.3/32,'),
  },
  'a comma at the end of the addresses': {
    text: client('Address = 10.20.0.2/24,\nDNS = 10.20.0.1,'),
  },
  'commas and no spaces': {
    text: client('Address = 10.20.0.2/24,10.21.0.2/24\nDNS = 10.20.0.1,10.20.0.3'),
  },
  'spaces and no commas': {
    text: client('Address = 10.20.0.2/24 10.21.0.2/24\nDNS = 10.20.0.1 10.20.0.3 corp.example'),
  },
  'spaces and no commas in the networks': {
    text: client('Address = 10.20.0.2/24', 'AllowedIPs = 10.20.0.3/32 10.20.0.4/32'),
  },
  'semicolons in the networks': {
    text: client('Address = 10.20.0.2/24', 'AllowedIPs = 10.20.0.3/32; 10.20.0.4/32'),
  },
  'an empty value for each key of wg-quick(8)': {
    text: client('Address = 10.20.0.2/24\nDNS =\nMTU =\nTable =\nPostUp ='),
  },
  'an empty value that resets one before': {
    text: client('Address = 10.20.0.2/24\nMTU = 1400\nMTU =\nTable = off\nTable ='),
  },
  'a value of which the last one counts': {
    text: client(
      'Address = 10.20.0.2/24\nMTU = 1400\nMTU = 1300\nTable = off\nTable = auto\nListenPort = 51830\nListenPort = 51831',
    ),
  },
  'an empty file': { text: '' },
  'comments alone': { text: '# nothing\n\n# here\n' },
  'no interface': { text: '[Peer]\nPublicKey = {alice}\nAllowedIPs = 10.20.0.2/32\n' },
  'an interface alone': { text: '[Interface]\n' },
  'a key without a section': {
    text: `PrivateKey = {private}\n[Interface]\nAddress = 10.20.0.1/24\n${peer}`,
  },
  'a key of wg-quick(8) in a peer': {
    text: client('Address = 10.20.0.2/24', 'AllowedIPs = 10.20.0.3/32\nMTU = 1400'),
  },
  'a key of a peer in the interface': {
    text: client('Address = 10.20.0.2/24\nAllowedIPs = 10.20.0.3/32'),
  },
  'a section that nobody knows': {
    text: `${client('Address = 10.20.0.2/24')}\n[Notes]\nText = 1\n`,
  },
  'a line without a value': { text: client('Address = 10.20.0.2/24\nListenPort') },
  'a line of text': { text: client('Address = 10.20.0.2/24\nthis is my tunnel') },
  'a header in a comment': {
    text: `${client('Address = 10.20.0.2/24')}# [Peer]\n# PublicKey = {bob}\n`,
  },
  'a key that has a comment in its middle': { text: client('Addr#ess = 10.20.0.2/24') },
  'NUL in a line': {
    text: client('Address = 10.20.0.2/24\nListenPort = 51830\0 0'),
    differs: { reason: 'NUL in a line', refused: /NUL|control|character/i },
  },
  'a very long comment': { text: client(`# ${'x'.repeat(20_000)}\nAddress = 10.20.0.2/24`) },
  'sixty empty lines': { text: client(`${'\n'.repeat(60)}Address = 10.20.0.2/24`) },
}
