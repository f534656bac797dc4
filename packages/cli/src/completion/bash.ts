import type { Command, CommandGroup, Completion } from '../command.js'
import { flagsOf, spellings } from './word-list.js'

/** The script for bash; it needs nothing of bash-completion(1). */
export function bashScript(groups: readonly CommandGroup[]): string {
  const commands = groups.flatMap((group) => group.commands)
  const names = commands.map(({ name }) => name).join(' ')
  return `# bash completion for wgctrl
_wgctrl() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local command=\${COMP_WORDS[1]} position=0 index
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${names} help' -- "$current"))
    return
  fi
  if _wgctrl_takes_value "$command" "$previous"; then
    _wgctrl_value "$command" "$previous"
    return
  fi
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$(_wgctrl_options "$command")" -- "$current"))
    return
  fi
  for ((index = 2; index < COMP_CWORD; index++)); do
    if _wgctrl_takes_value "$command" "\${COMP_WORDS[index]}"; then
      ((index++))
    elif [[ \${COMP_WORDS[index]} != -* ]]; then
      ((position++))
    fi
  done
  _wgctrl_argument "$command" "$position"
}

# Words of this script alone.
_wgctrl_words() { COMPREPLY=($(compgen -W "$1" -- "$current")); }

_wgctrl_files() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

# Whoever makes a link chooses its name: it is compared and quoted, and never expanded as a word of compgen is.
_wgctrl_devices() {
  local IFS=$' \\t\\n' name quoted
  local -a names
  read -r -d '' -a names < <(wgctrl show interfaces 2>/dev/null)
  for name in "\${names[@]}"; do
    printf -v quoted %q "$name"
    if [[ $name == "$current"* || $quoted == "$current"* ]]; then
      COMPREPLY+=("$quoted")
    fi
  done
}

_wgctrl_takes_value() {
  case "$1 $2" in
${cases(commands.flatMap(valuedPatterns), '    ', 'return 0')}
  esac
  return 1
}

_wgctrl_value() {
  case "$1 $2" in
${commands.flatMap(valueCases).join('\n')}
  esac
}

_wgctrl_options() {
  case $1 in
${commands.map(optionCase).join('\n')}
  esac
}

_wgctrl_argument() {
  case "$1 $2" in
${commands.flatMap(argumentCases).join('\n')}
    help\\ 0) _wgctrl_words '${names}' ;;
  esac
}

complete -F _wgctrl wgctrl
`
}

const pattern = (...words: string[]): string => words.join('\\ ')

const cases = (patterns: readonly string[], indent: string, action: string): string =>
  patterns.map((one) => `${indent}${one}) ${action} ;;`).join('\n')

function valuedPatterns(command: Command): string[] {
  const valued = flagsOf(command).filter(({ takesValue }) => takesValue)
  return valued.map((flag) =>
    spellings(flag)
      .map((spelling) => pattern(command.name, spelling))
      .join(' | '),
  )
}

function valueCases(command: Command): string[] {
  const valued = flagsOf(command).filter(({ takesValue }) => takesValue)
  return valued.flatMap((flag) => {
    const action = actionOf(flag.completes)
    const patterns = spellings(flag).map((spelling) => pattern(command.name, spelling))
    return action === undefined ? [] : [`    ${patterns.join(' | ')}) ${action} ;;`]
  })
}

function optionCase(command: Command): string {
  const words = flagsOf(command).flatMap(spellings).join(' ')
  return `    ${command.name}) echo '${words}' ;;`
}

function argumentCases({ name, arguments: list = [] }: Command): string[] {
  return list.flatMap(({ completes, isVariadic }, position) => {
    const action = actionOf(completes)
    if (action === undefined) return []
    // A variadic argument is the last one: whatever comes behind it is of its kind.
    const place = isVariadic ? `${name}\\ *` : pattern(name, `${position}`)
    return [`    ${place}) ${action} ;;`]
  })
}

function actionOf(completes: Completion | undefined): string | undefined {
  if (completes === undefined) return undefined
  if (completes === 'device') return '_wgctrl_devices'
  if (completes === 'file') return '_wgctrl_files'
  return `_wgctrl_words '${completes.join(' ')}'`
}
