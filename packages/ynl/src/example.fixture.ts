/** A spec that has what the kernel's have, in a few lines each. */
export const EXAMPLE = `
name: example
protocol: netlink-raw
protonum: 0
doc: |
  A family for tests.

definitions:
  -
    name: name-len
    name-prefix: ex-
    type: const
    value: 8
  -
    name: page-size
    type: const
    value: 0
    header: asm/page.h
  -
    name: header
    type: struct
    members:
      - { name: ex-family, type: u8 }
      - { name: ex-kind, type: u8, enum: kind }
      - { name: pad, type: pad, len: 2 }
      - { name: name, type: s32 }
  -
    name: kind
    type: enum
    value-start: 5
    entries: [ plain, { name: odd, value: 9, doc: Not even. }, last ]
  -
    name: bits
    type: flags
    entries: [ up, down, { name: far, value: 8 } ]
  -
    name: inner
    type: struct
    members:
      - { name: port, type: u16, byte-order: big-endian }
      - { name: mac, type: binary, len: 6, display-hint: mac }
  -
    name: outer
    type: struct
    members:
      - { name: count, type: u64 }
      - { name: inner, type: binary, struct: inner }
      - { name: flags, type: u8, enum: kind, enum-as-flags: true }

attribute-sets:
  -
    name: main
    doc: All of it.
    attributes:
      - { name: unspec, type: unused, value: 0 }
      - { name: name, type: string, checks: { max-len: ex-name-len - 1 }, doc: What it is called. }
      - { name: level, type: s8, checks: { min: -3, max: 100 } }
      - { name: port, type: u16, byte-order: big-endian }
      - { name: wide, type: u64 }
      - { name: auto, type: uint }
      - { name: auto-signed, type: sint }
      - { name: kind, type: u32, enum: kind }
      - { name: bits, type: u32, enum: bits }
      - { name: kinds, type: u64, enum: kind, enum-as-flags: true }
      - { name: field, type: bitfield32, enum: bits }
      - { name: present, type: flag }
      - { name: blob, type: binary, checks: { exact-len: 4 } }
      - { name: ip, type: binary, display-hint: ipv4-or-v6 }
      - { name: ip-number, type: u32, byte-order: big-endian, display-hint: ipv4 }
      - { name: id, type: binary, display-hint: uuid }
      - { name: outer, type: binary, struct: outer }
      - { name: shorts, type: binary, sub-type: s16 }
      - { name: pad, type: pad }
      - { name: main, type: nest, nested-attributes: main }
      - { name: twice, type: nest, nested-attributes: part, multi-attr: true }
      - { name: list, type: indexed-array, sub-type: nest, nested-attributes: part }
      - { name: numbers, type: indexed-array, sub-type: u32 }
      - { name: deep, type: nest-type-value, type-value: [ outer-id, inner-id ], nested-attributes: part }
      - { name: form, type: string, value: 40 }
      - { name: data, type: sub-message, sub-message: data, selector: form }
      - { name: stats, type: nest, nested-attributes: stats }
      - { name: limited, type: u32, checks: { max: u16-max } }
      - { name: paged, type: u32, checks: { max: page-size } }
  -
    name: part
    subset-of: main
    attributes:
      - name: name
      - { name: level, type: u8 }
  -
    name: stats
    attributes:
      - { name: data, type: sub-message, sub-message: data, selector: form }

sub-messages:
  -
    name: data
    formats:
      - { value: whole, fixed-header: inner, attribute-set: part }
      - { value: bare, fixed-header: inner }
      - { value: none }

operations:
  enum-model: directional
  fixed-header: header
  list:
    -
      name: get-it
      doc: Gets one, or all.
      attribute-set: main
      do:
        request: { value: 22, attributes: [ name ] }
        reply: &reply { value: 20, attributes: [ name, level, nonsense ] }
      dump:
        request: { value: 22 }
        reply: *reply
    -
      name: set-it
      doc: Sets one.
      attribute-set: main
      flags: [ admin-perm ]
      do:
        request: { attributes: [ name, level ] }
    -
      name: set-ntf
      doc: One was set.
      notify: get-it
      value: 20

mcast-groups:
  list:
    - { name: ex-link, value: 1 }
    - { name: nameless }
`
