import { Argument, type Command } from 'commander'
import { program } from '../main.ts'
import { bash } from './completion/bash.ts'
import { fish } from './completion/fish.ts'
import { describeCommands } from './completion/model.ts'
import { zsh } from './completion/zsh.ts'

const shells = { bash, fish, zsh }

export function define(command: Command): void {
  command
    .description('Print the script that lets a shell complete commands, options and file names.')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(shells)))
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ source <(sluice completion bash)\n' +
        '  $ sluice completion zsh > ~/.zfunc/_sluice\n' +
        '  $ sluice completion fish > ~/.config/fish/completions/sluice.fish',
    )
    .action(async (shell: keyof typeof shells) => {
      process.stdout.write(shells[shell](describeCommands(await program())))
    })
}
