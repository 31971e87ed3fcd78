import type { CompletedCommand, CompletedOption, Value } from './model.ts'

/** A file `_sluice` for zsh's fpath; also works when sourced after compinit. */
export function zsh(commands: readonly CompletedCommand[]): string {
  return `#compdef sluice
# zsh completion of sluice, made by \`sluice completion zsh\`
_sluice() {
  local -a commands
  local command
${chosen(commands, ['--help[show help]', '--version[print the version]'], '  ')}
}
if [[ $funcstack[1] == _sluice ]]; then _sluice "$@"; else compdef _sluice sluice; fi
`
}

/** One of several commands, and what comes behind its name. */
function chosen(commands: readonly CompletedCommand[], options: readonly string[], indent: string): string {
  const names = commands.map(({ name, summary }) => quote(`${name.replace(/:/g, '\\:')}:${summary}`))
  const lines = [
    `commands=(${names.join(' ')})`,
    'if (( CURRENT == 2 )); then',
    '  _describe command commands',
    `  _arguments ${options.map((option) => quote(`(- *)${option}`)).join(' ')}`,
    '  return',
    'fi',
    'command=$words[2]',
    'shift words',
    '(( CURRENT-- ))',
    'case $command in',
    ...commands.flatMap((command) => [`  ${command.name})`, inside(command, '    '), '    ;;']),
    'esac',
  ]
  return indented(lines.join('\n'), indent)
}

function inside({ options, arguments: value, commands }: CompletedCommand, indent: string): string {
  if (commands.length > 0) return chosen(commands, ['--help[show help]'], indent)
  const specs = [...options.flatMap(specOf), ...(value === 'none' ? [] : [`*: :${action(value)}`])]
  return indented(`_arguments -s \\\n${specs.map((spec) => `  ${quote(spec)}`).join(' \\\n')}`, indent)
}

function indented(text: string, indent: string): string {
  return text.replace(/^/gm, indent)
}

/** One spec a flag; the short one and the long one exclude each other. */
function specOf({ flags, summary, value }: CompletedOption): string[] {
  const text = `[${summary.replace(/[\\[\]:]/g, '\\$&')}]`
  const alone = flags.length > 1 ? `(${flags.join(' ')})` : ''
  return flags.map((flag) => `${alone}${flag}${text}${value === 'none' ? '' : `: :${action(value)}`}`)
}

function action(value: Value): string {
  if (value === 'file') return '_files'
  if (value === 'directory') return '_files -/'
  return typeof value === 'object' ? `(${value.join(' ')})` : ' '
}

function quote(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`
}
