import type { Command } from 'commander'

/** What follows an option, or stands as an argument. */
export type Value = 'none' | 'text' | 'file' | 'directory' | readonly string[]

export interface CompletedOption {
  /** `-c`, `--config`. */
  flags: string[]
  summary: string
  value: Value
}

export interface CompletedCommand {
  name: string
  summary: string
  options: CompletedOption[]
  arguments: Value
  /** Those within it, such as `explain` of `grok`. */
  commands: CompletedCommand[]
}

/** What shells need to know of the commands, seen from their own definitions. */
export function describeCommands(program: Command): CompletedCommand[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map((option) => ({
        flags: [option.short, option.long].filter((flag) => flag !== undefined),
        summary: option.description,
        value: option.required || option.optional ? (option.argChoices ?? kindOf(option.flags)) : 'none',
      })),
    arguments: argumentsOf(command),
    commands: describeCommands(command),
  }))
}

/** A placeholder that speaks of a file or a directory is completed as one. */
function kindOf(text: string): Value {
  if (/\b(dir|directory)\b/i.test(text)) return 'directory'
  return /\b(file|files|path)\b/i.test(text) ? 'file' : 'text'
}

function argumentsOf(command: Command): Value {
  const [first] = command.registeredArguments
  if (first === undefined) return 'none'
  return first.argChoices ?? kindOf(first.name())
}
