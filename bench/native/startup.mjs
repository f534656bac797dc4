// How long the command takes as a process, from its start to its end: node startup.mjs ROUNDS DEVICE ROOTS
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { summarize } from '../statistics.mjs'
import { runMeasured } from './program.mjs'

const [rounds = '', device = '', roots = ''] = process.argv.slice(2)
const node = process.execPath
/** @type {[string, string[]][]} */
const commands = [
  ['node -e 0', [node, '-e', '0']],
  ...Object.entries(JSON.parse(roots)).flatMap(([suffix, root]) =>
    [['show', device], ['doctor']].map((words) => [
      `wgctrl ${words.join(' ')}${suffix}`,
      [node, commandAt(root), ...words],
    ]),
  ),
  ['wg show wg0', ['wg', 'show', device]],
]
const samples = new Map(commands.map(([name]) => [name, { wall: [], processor: [] }]))
for (let round = 0; round <= Number(rounds); round++) {
  for (let turn = 0; turn < commands.length; turn++) {
    const [name, command] = commands[(round + turn) % commands.length]
    const begun = performance.now()
    const processor = await runMeasured(command)
    if (round === 0) continue
    samples.get(name)?.wall.push(performance.now() - begun)
    samples.get(name)?.processor.push(processor)
  }
}
const result = Object.fromEntries(
  [...samples].map(([name, { wall, processor }]) => [
    name,
    { wall: summarize(wall), processor: summarize(processor) },
  ]),
)
console.log(JSON.stringify({ result }))

/** The command of a checkout, by its manifest. */
function commandAt(root) {
  const folder = join(root, 'packages/cli')
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, bin.wgctrl)
}
