import { cases } from '../../lifecycle/cases.js'
import { compareSides } from '../../lifecycle/comparison.js'

/** What touches the most of the kernel: addresses, routes, rules, firewall, marks. The tier `kernel-lifecycle` has all. */
const few = [
  'addresses of both families, and one without prefix length',
  'a default route beside narrower ones',
  'a firewall mark and a default route, whose table it names',
]

const chosen = Object.entries(cases).filter(([title]) => few.includes(title))
if (chosen.length !== few.length) throw new Error('a case has another name now')
compareSides('linux-kernel', Object.fromEntries(chosen))
