// Lists 10,000 routes in each way, in turn: node measure.mjs OUTPUT [--quick], in namespaces of its own.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'
import { root } from '../../scripts/packages.mjs'
import { kernelSpecs } from '../../test/kernel/specs.mjs'
import { interleave } from '../interleave.mjs'

const COUNT = 10_000
const AF_INET = 2

const [output = '', ...words] = process.argv.slice(2)
const quick = words.includes('--quick')
const { Rtnl } = await load('netlink', 'index')
const { generate, openFamily, readSpecFile } = await load('ynl', 'index')

const source = await kernelSpecs('newest')
const spec = join(source, 'Documentation/netlink/specs/rt-route.yaml')
makeRoutes()
const rtnl = await Rtnl.open()
const loaded = await openFamily(spec)
const { RtRoute } = await importGenerated(generate(await readSpecFile(spec), 'rt-route.yaml'))
const generated = await RtRoute.open()
const python = startPython()

const contenders = [
  { name: 'generated', list: () => generated.getrouteDump({ rtmFamily: AF_INET }).toArray() },
  { name: 'generated, for await', list: () => collect(generated.getrouteDump({ rtmFamily: 2 })) },
  { name: 'loaded', list: () => loaded.dump('getroute', { rtmFamily: AF_INET }).toArray() },
  { name: 'hand-written', list: () => rtnl.routes({ family: 4 }) },
  { name: 'pyynl', list: () => python.ask('pyynl') },
  { name: 'pyroute2', list: () => python.ask('pyroute2') },
]
for (const { name, list } of contenders) {
  const found = await list()
  const count = typeof found === 'number' ? found : found.length
  if (count < COUNT) throw new Error(`${name} lists ${count} routes`)
}
const result = await interleave(
  contenders.map(({ name, list }) => ({ name, run: list })),
  { rounds: quick ? 5 : 40, atLeast: 5, seconds: 300, collects: false },
)
writeFileSync(output, JSON.stringify({ routes: COUNT, contenders: result }))
python.end()
await Promise.all([rtnl.close(), loaded.close(), generated.close()])

/**
 * @param {string} name of a package
 * @param {string} entry
 */
async function load(name, entry) {
  return await import(pathToFileURL(join(root, 'packages', name, 'dist', `${entry}.js`)).href)
}

function makeRoutes() {
  const lines = ['link add near type veth peer name far', 'link set near up', 'link set far up']
  lines.push('address add 192.0.2.1/24 dev near')
  for (let at = 0; at < COUNT; at++) {
    lines.push(`route add 10.${at >> 8}.${at & 255}.0/24 via 192.0.2.2 dev near metric ${at % 7}`)
  }
  execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') })
}

/**
 * What was made of the spec, as JavaScript.
 *
 * @param {string} module
 */
async function importGenerated(module) {
  const runtime = pathToFileURL(join(root, 'packages/ynl/dist/runtime.js')).href
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  const { outputText } = ts.transpileModule(module, { compilerOptions: options })
  const place = join(root, 'node_modules/.cache/wgctrl')
  mkdirSync(place, { recursive: true })
  const folder = mkdtempSync(join(place, 'routes-'))
  try {
    const file = join(folder, 'rt-route.mjs')
    writeFileSync(file, outputText.replace('@wgctrl/ynl/runtime', runtime))
    return await import(pathToFileURL(file).href)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function startPython() {
  const program = fileURLToPath(new URL('clients.py', import.meta.url))
  const child = spawn('/usr/bin/python3', [program, spec, join(source, 'tools/net/ynl/pyynl')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    /** @param {string} client */
    async ask(client) {
      child.stdin.write(`${client}\n`)
      return Number((await answers.next()).value)
    },
    end: () => child.stdin.end(),
  }
}

/** @param {AsyncIterable<unknown>} dump */
async function collect(dump) {
  const found = []
  for await (const each of dump) found.push(each)
  return found
}
