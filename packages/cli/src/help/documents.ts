import { commandGroups } from '../commands.js'
import { manPage } from './man-page.js'
import { markdown } from './markdown.js'

/** What is written from the table of commands, by path from the root of the repository. @internal */
export function documents(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/cli.md', markdown(commandGroups)],
    ['packages/cli/man/wgctrl.1', manPage(commandGroups)],
  ])
}
