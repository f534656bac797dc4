// How long the command takes as a process, from its start to its end: node startup.mjs ROUNDS DEVICE ROOTS
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
      [node, join(root, 'packages/cli/dist/bin.js'), ...words],
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
