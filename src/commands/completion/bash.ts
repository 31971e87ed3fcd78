import type { CompletedCommand, Value } from './model.ts'

/** A script for bash 4 or newer; needs no bash-completion package. */
export function bash(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name)
  const afterOption = commands.flatMap(({ name, options }) =>
    options
      .filter(({ value }) => value !== 'none')
      .map(({ flags, value }) => `    ${flags.map((flag) => `${name},${flag}`).join(' | ')}) ${complete(value)} ;;`),
  )
  const ofCommand = commands.map(({ name, options, arguments: value }) => {
    const flags = options.flatMap((option) => option.flags).join(' ')
    return `    ${name}) if [[ $cur == -* ]]; then ${complete(flags.split(' '))}; else ${complete(value)}; fi ;;`
  })
  return `# bash completion of sluice, made by \`sluice completion bash\`
_sluice() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command= word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      ${names.join(' | ')}) command=$word && break ;;
    esac
  done
  case $command,$prev in
${afterOption.join('\n')}
  esac
  case $command in
${ofCommand.join('\n')}
    *) ${complete([...names, '--help', '--version'])} ;;
  esac
}
complete -F _sluice sluice
`
}

/** Fills COMPREPLY and leaves the function. */
function complete(value: Value): string {
  if (value === 'none' || value === 'text') return 'return'
  const what = value === 'file' ? '-f' : value === 'directory' ? '-d' : `-W '${value.join(' ')}'`
  const names = value === 'file' || value === 'directory' ? 'compopt -o filenames 2>/dev/null; ' : ''
  return `${names}mapfile -t COMPREPLY < <(compgen ${what} -- "$cur"); return`
}
