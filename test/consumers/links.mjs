/**
 * A program that makes a link and waits to hear of it: libc has to be loaded, and the thread that reads
 * link events has to start, from a file that a build made. It prints the link's name, and has to end by
 * itself.
 *
 * @param {string} load gives the module `@wgctrl/netlink`
 */
export const linkProgram = (load) => `
;(async () => {
  const { Rtnl } = ${load}
  const rtnl = await Rtnl.open()
  const events = await rtnl.linkEvents()
  await rtnl.createLink({ name: 'left', kind: 'veth' })
  for await (const { type, link } of events) {
    if (type !== 'changed' || link.name !== 'left') continue
    console.log(link.name + ' ' + link.kind)
    break
  }
  await rtnl.close()
})()
`
