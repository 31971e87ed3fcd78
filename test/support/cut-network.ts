import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { runProgram } from './programs.ts'
import { until } from './sluice.ts'

/** Two hosts of their own, each a network namespace, with a cable between them. Needs no rights on the machine. */
export interface CutNetwork extends AsyncDisposable {
  /** Address of the far host, as the near one sees it. */
  far: string
  /** A command line that runs `command` on one of them. */
  on(host: 'near' | 'far', command: readonly string[]): string[]
  /** Pulls the cable out, or puts it back. Nobody is told: packets go nowhere. */
  cut(is: boolean): Promise<void>
}

const FAR = '10.213.7.2'

export async function makeCutNetwork(): Promise<CutNetwork> {
  const holders: ChildProcess[] = []
  const hold = async (command: readonly string[]): Promise<number> => {
    const [program = '', ...args] = command
    const child = spawn(program, [...args, 'sh', '-c', 'ip link set lo up && echo ready && exec sleep infinity'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    holders.push(child)
    let said = ''
    child.stdout?.on('data', (text) => (said += text))
    await until('the namespace is there', () => said.includes('ready'))
    return child.pid ?? -1
  }
  const enter = (pid: number) => ['nsenter', '-t', `${pid}`, '-U', '-n', '--preserve-credentials']
  const near = await hold(['unshare', '-rn'])
  const far = await hold([...enter(near), 'unshare', '-n'])
  const on = (host: 'near' | 'far', command: readonly string[]) => [...enter(host === 'near' ? near : far), ...command]
  const ip = async (host: 'near' | 'far', ...args: string[]) => {
    const [program = '', ...rest] = on(host, ['ip', ...args])
    await runProgram(program, rest)
  }
  await ip('near', 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', `${far}`)
  await ip('near', 'addr', 'add', '10.213.7.1/30', 'dev', 'cable')
  await ip('far', 'addr', 'add', `${FAR}/30`, 'dev', 'cable')
  for (const host of ['near', 'far'] as const) await ip(host, 'link', 'set', 'cable', 'up')
  return {
    far: FAR,
    on,
    cut: (is) => ip('far', 'link', 'set', 'cable', is ? 'down' : 'up'),
    async [Symbol.asyncDispose]() {
      for (const holder of holders.reverse()) {
        holder.kill('SIGKILL')
        await once(holder, 'exit')
      }
    },
  }
}
