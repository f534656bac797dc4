import type { Command, CommandGroup, Completion } from '../command.js'
import { type Flag, flagsOf, spellings } from './word-list.js'

/** The script for fish. */
export function fishScript(groups: readonly CommandGroup[]): string {
  const commands = groups.flatMap((group) => group.commands)
  const valued = commands.flatMap((command) =>
    flagsOf(command)
      .filter(({ takesValue }) => takesValue)
      .flatMap(spellings),
  )
  return `# fish completion for wgctrl
function __wgctrl_at --argument-names command position
    set --local words (commandline --tokenize --current-process --cut-at-cursor)
    test "$words[2]" = "$command"; or return 1
    set --local count 0
    set --local isValue 0
    for word in $words[3..]
        if test $isValue = 1
            set isValue 0
        else if contains -- $word ${[...new Set(valued)].join(' ')}
            set isValue 1
        else if not string match --quiet -- '-*' $word
            set count (math $count + 1)
        end
    end
    test $isValue = 0; and test "$position" = '*' -o "$position" = $count
end

function __wgctrl_devices
    # fish quotes what it completes, but for a tilde: such a link has to be typed.
    wgctrl show interfaces 2>/dev/null | string split --no-empty ' ' | string match --invert '~*'
end

complete --command wgctrl --no-files
${commands.map(({ name, summary }) => subcommand(name, summary)).join('\n')}
${subcommand('help', 'Show help for a command')}
${commands.flatMap(commandLines).join('\n')}
`
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`

const subcommand = (name: string, summary: string): string =>
  `complete --command wgctrl --condition __fish_use_subcommand --arguments ${name} --description ${quoted(summary)}`

function commandLines(command: Command): string[] {
  const { name, arguments: list = [] } = command
  const seen = `complete --command wgctrl --condition ${quoted(`__fish_seen_subcommand_from ${name}`)}`
  const places = list.flatMap(({ completes, isVariadic }, index) => {
    const action = actionOf(completes)
    const at = quoted(`__wgctrl_at ${name} ${isVariadic ? "'*'" : index}`)
    return action === undefined ? [] : [`complete --command wgctrl --condition ${at} ${action}`]
  })
  return [...flagsOf(command).map((flag) => `${seen} ${flagText(flag)}`), ...places]
}

function flagText({ long, short, summary, takesValue, completes }: Flag): string {
  const names = [
    ...(short === undefined ? [] : [`--short-option ${short.slice(1)}`]),
    `--long-option ${long.slice(2)}`,
  ]
  const value = takesValue ? [`--require-parameter ${actionOf(completes) ?? ''}`.trimEnd()] : []
  return [...names, ...value, `--description ${quoted(summary)}`].join(' ')
}

function actionOf(completes: Completion | undefined): string | undefined {
  if (completes === undefined) return undefined
  if (completes === 'device') return "--arguments '(__wgctrl_devices)'"
  if (completes === 'file') return '--force-files'
  return `--arguments ${quoted(completes.join(' '))}`
}
