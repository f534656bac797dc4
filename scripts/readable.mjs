// Fails at the first file that this Node cannot read: node --experimental-vm-modules scripts/readable.mjs FILE...
import { readFileSync } from 'node:fs'
import vm from 'node:vm'

const OF_A_MODULE = ['exports', 'require', 'module', '__filename', '__dirname']

for (const path of process.argv.slice(2)) {
  const text = readFileSync(path, 'utf8').replace(/^#!.*/, '')
  if (path.endsWith('.cjs')) vm.compileFunction(text, OF_A_MODULE, { filename: path })
  else new vm.SourceTextModule(text, { identifier: path })
}
