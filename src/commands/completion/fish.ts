import type { CompletedCommand, Value } from './model.ts'

/** A script for fish 3 or newer. */
export function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, summary, options, arguments: value }) => {
    const inside = `complete -c sluice -n '__fish_seen_subcommand_from ${name}'`
    return [
      `complete -c sluice -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
      ...options.map(
        (option) => `${inside} ${option.flags.map(flag).join(' ')}${follows(option.value)} -d ${quote(option.summary)}`,
      ),
      ...(value === 'file' || value === 'directory' ? [`${inside} -F`] : []),
      ...(typeof value === 'object' ? [`${inside} -a ${quote(value.join(' '))}`] : []),
    ]
  })
  return [
    '# fish completion of sluice, made by `sluice completion fish`',
    'complete -c sluice -f',
    'complete -c sluice -n __fish_use_subcommand -s V -l version',
    ...lines,
    '',
  ].join('\n')
}

function flag(flag: string): string {
  return flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
}

function follows(value: Value): string {
  if (value === 'none') return ''
  if (value === 'file' || value === 'directory') return ' -r -F'
  return value === 'text' ? ' -x' : ` -x -a ${quote(value.join(' '))}`
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
