import type { CompletedCommand, Value } from './model.ts'

/** A script for fish 3 or newer. */
export function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => linesOf(command, '__fish_use_subcommand', ''))
  return [
    '# fish completion of sluice, made by `sluice completion fish`',
    'complete -c sluice -f',
    'complete -c sluice -n __fish_use_subcommand -s V -l version',
    ...lines,
    '',
  ].join('\n')
}

/**
 * @param offered when the command's name is offered
 * @param above the condition of the command that it is within
 */
function linesOf(
  { name, summary, options, arguments: value, commands }: CompletedCommand,
  offered: string,
  above: string,
): string[] {
  const seen = `${above}__fish_seen_subcommand_from ${name}`
  const inside = `complete -c sluice -n ${quote(seen)}`
  const names = commands.map((command) => command.name).join(' ')
  return [
    `complete -c sluice -n ${quote(offered)} -a ${name} -d ${quote(summary)}`,
    ...options.map(
      (option) => `${inside} ${option.flags.map(flag).join(' ')}${follows(option.value)} -d ${quote(option.summary)}`,
    ),
    ...(value === 'file' || value === 'directory' ? [`${inside} -F`] : []),
    ...(typeof value === 'object' ? [`${inside} -a ${quote(value.join(' '))}`] : []),
    ...commands.flatMap((command) =>
      linesOf(command, `${seen}; and not __fish_seen_subcommand_from ${names}`, `${seen}; and `),
    ),
  ]
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
