import type { CompletedCommand, Value } from './model.ts'

/** A script for bash 4 or newer; needs no bash-completion package. */
export function bash(commands: readonly CompletedCommand[]): string {
  const all = commands.flatMap((command) => withPath('', command))
  const afterOption = all.flatMap(({ path, command }) =>
    command.options
      .filter(({ value }) => value !== 'none')
      .map(({ flags, value }) => `    ${flags.map((flag) => `${path},${flag}`).join(' | ')}) ${complete(value)} ;;`),
  )
  const ofCommand = all.map(({ path, command }) => {
    const flags = command.options.flatMap((option) => option.flags)
    const words = command.commands.length === 0 ? command.arguments : command.commands.map(({ name }) => name)
    return `    ${path}) if [[ $cur == -* ]]; then ${complete(flags)}; else ${complete(words)}; fi ;;`
  })
  return `# bash completion of sluice, made by \`sluice completion bash\`
_sluice() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command= word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $command/$word in
      ${all.map(({ path }) => path).join(' | ')}) command=$command/$word ;;
    esac
  done
  case $command,$prev in
${afterOption.join('\n')}
  esac
  case $command in
${ofCommand.join('\n')}
    *) ${complete([...commands.map(({ name }) => name), '--help', '--version'])} ;;
  esac
}
complete -F _sluice sluice
`
}

/** `/grok`, `/grok/explain`: each command with those within it. */
function withPath(above: string, command: CompletedCommand): { path: string; command: CompletedCommand }[] {
  const path = `${above}/${command.name}`
  return [{ path, command }, ...command.commands.flatMap((inner) => withPath(path, inner))]
}

/** Fills COMPREPLY and leaves the function. */
function complete(value: Value): string {
  if (value === 'none' || value === 'text') return 'return'
  const what = value === 'file' ? '-f' : value === 'directory' ? '-d' : `-W '${value.join(' ')}'`
  const names = value === 'file' || value === 'directory' ? 'compopt -o filenames 2>/dev/null; ' : ''
  return `${names}mapfile -t COMPREPLY < <(compgen ${what} -- "$cur"); return`
}
