import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { makePair, type Pair } from './pair.js'
import { inTerminal, start, temporaryFolder, WGCTRL, wgctrl } from './program.js'

let pair: Pair

beforeAll(async () => {
  pair = await makePair()
})

afterAll(() => pair[Symbol.asyncDispose]())

const program = `${process.execPath} ${WGCTRL}`

describe('wgctrl watch in a terminal', () => {
  it('shows a live table until q, and leaves the terminal as it was', async () => {
    const { device } = pair.alice
    const terminal = inTerminal(
      `stty -a > /dev/stderr; ${program} watch ${device} --interval 0.2; echo "status $?"; stty -a > /dev/stderr`,
      { columns: 100, rows: 12 },
    )
    await terminal.says(new RegExp(`${device}: 1 peer`))
    await terminal.says(/endpoint +state +handshake +↓ +↑/)
    await terminal.says(new RegExp(`127\\.0\\.0\\.1:${pair.bob.port} .*\\d+s .*\\d+ B/s`))
    await terminal.says(/[▁▂▃▄▅▆▇█]/)
    terminal.write('q')
    await terminal.says(/status 0/)
    await terminal.status()
    const [before, after] = terminal.out.split(/\[\?1049[hl]/).filter((part) => /icanon/.test(part))
    expect(after?.match(/-?(icanon|echo|isig)\b/g)).toEqual(
      before?.match(/-?(icanon|echo|isig)\b/g),
    )
    expect(terminal.out).toMatch(/\[\?1049h.*\[\?25h.\[\?1049l/s)
  })

  it('ends with Ctrl-C, and with SIGTERM', async () => {
    const first = inTerminal(`${program} watch; echo "status $?"`, { columns: 80, rows: 24 })
    await first.says(/q to quit/)
    first.write('\x03')
    await first.says(/\[\?1049l.*status 0/s)
    const second = inTerminal(`exec ${program} watch`, { columns: 80, rows: 24 })
    await second.says(/q to quit/)
    for (const pid of await wgctrlProcesses()) process.kill(pid, 'SIGTERM')
    expect(await second.status()).toBe(0)
    expect(second.out).toMatch(/\[\?1049l/)
  })

  it('sorts, filters, pauses and opens rows by keys', async () => {
    const { device } = pair.alice
    const terminal = inTerminal(`${program} watch ${device} --interval 0.2`, {
      columns: 160,
      rows: 20,
    })
    await terminal.says(/ connected +\d+s .*\d+ B\/s/)
    terminal.write('s')
    await terminal.says(/s sort: total/)
    terminal.write('/never\r')
    await terminal.says(/1 without "never"/)
    terminal.write('\x1b')
    await terminal.says(/1 without "never".*connected/s)
    terminal.write('\x1b[B\r')
    await terminal.says(new RegExp(`public key: ${escaped(pair.bob.publicKey)}`))
    await terminal.says(/received: .*B, .*B\/s/)
    terminal.write(' ')
    await terminal.says(/paused, q to quit, esc back/)
    // The rest of the last picture may come behind the word; then nothing, in the time of two.
    await vi.waitFor(async () => {
      const { length } = terminal.out
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(terminal.out).toHaveLength(length)
    })
    terminal.write('q')
    expect(await terminal.status()).toBe(0)
  })

  it('gives the terminal back for Ctrl-Z, and takes it again for fg', async () => {
    const shell = inTerminal('bash --norc --noprofile -i', { columns: 100, rows: 20 })
    shell.write(`PS1='$ '; ${program} watch ${pair.alice.device} --interval 0.2\n`)
    await shell.says(/q to quit/)
    shell.write('\x1a')
    await shell.says(/\[\?1049l.*Stopped/s)
    shell.write('stty -a | tr -d "\\n"; echo; echo stop""ped\n')
    await shell.says(/ icanon .* echo .*stopped/s)
    expect(shell.out.slice(shell.out.indexOf('Stopped'))).not.toContain('1049h')
    shell.write('fg\n')
    await shell.says(/Stopped.*\[\?1049h.*q to quit/s)
    shell.write('q')
    await shell.says(/Stopped.*\[\?1049h.*\[\?1049l(?:.(?!1049))*\$ $/s)
    shell.write('stty -a | tr -d "\\n"; echo; echo quit""ted; exit\n')
    await shell.says(/ icanon .* echo .*quitted/s)
    expect(await shell.status()).toBe(0)
  })

  it('gives the terminal back when the program fails, and then says why', async () => {
    const fails = `setTimeout(()=>{throw new Error("bo"+"om")})`
    const hears = `if(String(text).includes("q to quit"))${fails};return write.call(this,text,...rest)`
    const script = `const{write}=process.stdout;process.stdout.write=function(text,...rest){${hears}}`
    const failing = `--import 'data:text/javascript,${script}'`
    const line = `${process.execPath} ${failing} ${WGCTRL} watch; echo "status $?"; stty -a`
    const terminal = inTerminal(line, { columns: 100, rows: 20 })
    await terminal.says(/\[\?1049h.*\[\?1049l.*boom.*status 1.* icanon .* echo /s)
    await terminal.status()
  })

  it('cuts the busiest of many peers to a small screen', async () => {
    const name = 'wgmany'
    const { backend } = pair
    await backend.create(name)
    const peers = Array.from({ length: 40 }, (_, index) => ({ publicKey: keyOf(index) }))
    await backend.configure(name, { peers })
    const terminal = inTerminal(`${program} watch ${name}`, { columns: 30, rows: 8 })
    await terminal.says(/and 36 more peers, q to quit/)
    terminal.write('q')
    expect(await terminal.status()).toBe(0)
    await backend.delete(name)
  })
})

describe('wgctrl watch elsewhere', () => {
  it('writes lines, with the names of a file', async () => {
    const file = join(await temporaryFolder(), 'names.conf')
    await writeFile(file, `[Peer]\n# Name = bob\nPublicKey = ${pair.bob.publicKey}\n`)
    const watch = start(['watch', pair.alice.device, '--names', file, '--interval', '0.2'])
    await watch.says(/^\S+Z wgalice1: added$/m)
    await watch.says(/peer \S+ \(bob\): added, endpoint 127\.0\.0\.1/)
    await watch.says(/\(bob\): received \d+ B .*sent \d+ B/)
    watch.kill('SIGINT')
    expect(await watch.status()).toBe(0)
    expect(watch.out).not.toContain('\x1b')
  })

  it('writes JSON, and no secret', async () => {
    const watch = start(['watch', '--json', '--interval', '0.2'])
    await watch.says(/"peer-transfer"/)
    watch.kill('SIGTERM')
    expect(await watch.status()).toBe(0)
    const events = watch.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events[0]).toMatchObject({ type: 'device-added' })
    for (const secret of pair.secrets) expect(watch.out).not.toContain(secret)
  })

  it('says what is wrong', async () => {
    expect(await wgctrl('watch', 'wgnone')).toMatchObject({ status: 1, out: '' })
    const { status, err } = await wgctrl('watch', '--interval', 'x')
    expect(status).toBe(1)
    expect(err).toBe('wgctrl watch: --interval: expected 0.1 to 3600 seconds, got "x"\n')
  })
})

const escaped = (text: string): string => text.replace(/[+]/g, '\\+')

const keyOf = (index: number): string => Buffer.alloc(32, index + 1).toString('base64')

/** Our programs that run in this pid namespace. */
async function wgctrlProcesses(): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  return pids.filter((_, at) => lines[at]?.startsWith(`${process.execPath}\0${WGCTRL}`))
}
