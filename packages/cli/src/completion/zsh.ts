import type { Command, CommandGroup, Completion } from '../command.js'
import { type Flag, flagsOf, spellings } from './word-list.js'

/** The script for zsh, to be sourced or autoloaded from $fpath. */
export function zshScript(groups: readonly CommandGroup[]): string {
  const commands = groups.flatMap((group) => group.commands)
  return `#compdef wgctrl

_wgctrl_devices() {
  local -a devices
  devices=(\${(f)"$(wgctrl show interfaces 2>/dev/null | tr ' ' '\\n')"})
  compadd -a devices
}

_wgctrl_commands() {
  local -a commands
${groups.map(groupOf).join('\n')}
  commands=('help:Show help for a command')
  _describe -t help 'Help' commands
}

_wgctrl() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  _arguments -C '1: :_wgctrl_commands' '*:: :->arguments'
  [[ $state == arguments ]] || return
  case $words[1] in
${commands.map(commandCase).join('\n')}
    help) _arguments '1: :_wgctrl_commands' ;;
  esac
}

if [[ $funcstack[1] == _wgctrl ]]; then
  _wgctrl "$@"
else
  compdef _wgctrl wgctrl
fi
`
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Between brackets and colons of a specification. */
const escaped = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&')

function commandCase(command: Command): string {
  const specs = [...flagsOf(command).map(flagSpec), ...argumentSpecs(command)]
  return `    ${command.name}) _arguments ${specs.join(' ')} ;;`
}

function flagSpec(flag: Flag): string {
  const names = spellings(flag)
  const value = flag.takesValue ? `:value:${actionOf(flag.completes)}` : ''
  const about = quoted(`[${escaped(flag.summary)}]${value}`)
  if (names.length === 1) return `${names[0]}${about}`
  return `'(${names.join(' ')})'{${names.join(',')}}${about}`
}

function argumentSpecs({ arguments: list = [] }: Command): string[] {
  return list.map(({ name, completes, isOptional, isVariadic }, index) => {
    const place = isVariadic ? '*' : `${index + 1}`
    const colons = isOptional && !isVariadic ? '::' : ':'
    return quoted(`${place}${colons}${escaped(name)}:${actionOf(completes)}`)
  })
}

function actionOf(completes: Completion | undefined): string {
  if (completes === undefined) return ' '
  if (completes === 'device') return '_wgctrl_devices'
  return completes === 'file' ? '_files' : `(${completes.join(' ')})`
}

/** Shells with `zstyle ':completion:*' format` and `group-name` show them apart. */
function groupOf({ title, commands }: CommandGroup, at: number): string {
  const words = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)
  return `  commands=(\n${words.join('\n')}\n  )\n  _describe -t commands-${at} ${quoted(title)} commands`
}
