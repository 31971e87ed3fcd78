import type { CompletedCommand, CompletedOption, Value } from './model.ts'

/** A file `_sluice` for zsh's fpath; also works when sourced after compinit. */
export function zsh(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, summary }) => `    ${quote(`${name.replace(/:/g, '\\:')}:${summary}`)}`)
  const cases = commands.map(({ name, options, arguments: value }) => {
    const specs = [...options.flatMap(specOf), ...(value === 'none' ? [] : [`*: :${action(value)}`])]
    return `    ${name})\n      _arguments -s \\\n${specs.map((spec) => `        ${quote(spec)}`).join(' \\\n')}\n      ;;`
  })
  return `#compdef sluice
# zsh completion of sluice, made by \`sluice completion zsh\`
_sluice() {
  local -a commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments '(- *)--help[show help]' '(- *)--version[print the version]'
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _sluice ]]; then _sluice "$@"; else compdef _sluice sluice; fi
`
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
