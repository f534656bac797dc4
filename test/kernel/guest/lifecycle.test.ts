import { cases } from '../../lifecycle/cases.js'
import { compareSides } from '../../lifecycle/comparison.js'

/** What touches the most of the kernel: addresses, routes, rules, firewall and a mark. The tier `kernel-lifecycle` has all. */
const title = 'a default route beside narrower ones'
const settings = cases[title]
if (!settings) throw new Error(`the case has another name now: ${title}`)
compareSides('linux-kernel', { [title]: settings })
