/**
 * What resolvectl(1) of systemd 252, dbus-daemon 1.14 and systemd-resolved said to one another, as strace(1) wrote it down.
 */
export const recorded = {
  hello:
    'l\x01\0\x01\0\0\0\0\x01\0\0\0m\0\0\0\x01\x01o\0\x15\0\0\0/org/freedesktop/DBus\0\0\0\x03\x01s\0\x05\0\0\0Hello\0\0\0\x02\x01s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0\x06\x01s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0',
  helloReply:
    'l\x02\x01\x01\t\0\0\0\x01\0\0\0=\0\0\0\x06\x01s\0\x04\0\0\0:1.7\0\0\0\0\x05\x01u\0\x01\0\0\0\x08\x01g\0\x01s\0\0\x07\x01s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0\x04\0\0\0:1.7\0',
  nameAcquired:
    'l\x04\x01\x01\t\0\0\0\x02\0\0\0\x8d\0\0\0\x01\x01o\0\x15\0\0\0/org/freedesktop/DBus\0\0\0\x02\x01s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0\x03\x01s\0\f\0\0\0NameAcquired\0\0\0\0\x06\x01s\0\x04\0\0\0:1.7\0\0\0\0\x08\x01g\0\x01s\0\0\x07\x01s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0\x04\0\0\0:1.7\0',
  setLinkDefaultRoute:
    'l\x01\0\x01\x08\0\0\0\x02\0\0\0\xa8\0\0\0\x01\x01o\0\x19\0\0\0/org/freedesktop/resolve1\0\0\0\0\0\0\0\x03\x01s\0\x13\0\0\0SetLinkDefaultRoute\0\0\0\0\0\x02\x01s\0 \0\0\0org.freedesktop.resolve1.Manager\0\0\0\0\0\0\0\0\x06\x01s\0\x18\0\0\0org.freedesktop.resolve1\0\0\0\0\0\0\0\0\x08\x01g\0\x02ib\0\x03\0\0\0\x01\0\0\0',
  emptyReply:
    'l\x02\x01\x01\0\0\0\0\x1b\0\0\0%\0\0\0\x05\x01u\0\x02\0\0\0\x06\x01s\0\x04\0\0\0:1.7\0\0\0\0\x07\x01s\0\x04\0\0\0:1.0\0\0\0\0',
} as const

export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')
