import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { commands } from '../src/main.ts'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'bin', 'sluice')
const directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function sluice(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(bin, args, { encoding: 'utf8', cwd: directory, timeout: 30_000 })
}

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

describe('the command line', () => {
  it('shows help and version', () => {
    const help = sluice('--help')
    expect(help.status).toBe(0)
    for (const [name] of commands) expect(help.stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    expect(sluice('--version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  it.each(commands.map(([name]) => name))('%s has help with an example', (name) => {
    const help = sluice(name, '--help')
    expect(help).toMatchObject({ status: 0, stderr: '' })
    expect(help.stdout).toMatch(new RegExp(`Examples?:\n(.*\n)*? +(\\$ .*)?(sluice|npx sluice) ${name}`))
    expect(sluice('help', name).stdout).toBe(help.stdout)
  })

  it.each([
    [['rnu'], "unknown command 'rnu'", 'Did you mean run?'],
    [['check', '--jsn'], "unknown option '--jsn'", 'Did you mean --json?'],
    [['check', '--config'], 'argument missing', 'sluice check --help'],
    [['check', 'a.yaml'], 'too many arguments', 'sluice check --help'],
    [['completion', 'tcsh'], 'Allowed choices are bash', 'sluice completion --help'],
    [[], 'Usage: sluice', 'Commands:'],
  ])('answers %j as wrong usage, with a hint', (args, problem, hint) => {
    const { status, stdout, stderr } = sluice(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(problem)
    expect(stderr).toContain(hint)
  })

  it('ends quietly when its reader has gone', () => {
    const script = `"$0" completion bash | head -c 1; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', script, bin], { encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: '#0\n', stderr: '' })
  })

  it('is found through links, from any directory', () => {
    const link = join(directory, 'link')
    symlinkSync(bin, link)
    symlinkSync('link', join(directory, 'again'))
    const { status, stdout } = spawnSync('./again', ['--version'], { cwd: directory, encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: sluice('--version').stdout })
  })

  it('says what to do where nothing is installed yet', () => {
    const clone = join(directory, 'clone')
    mkdirSync(clone)
    cpSync(join(root, 'bin'), join(clone, 'bin'), { recursive: true })
    const { status, stderr } = spawnSync(join(clone, 'bin', 'sluice'), ['run'], { encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^sluice: its packages are not installed; run in .*clone: npm start/)
  })

  it('runs under the Node of the lock file, whatever is in the PATH', () => {
    writeFileSync(join(directory, 'node'), '#!/bin/sh\necho wrong; exit 9\n', { mode: 0o755 })
    const env = { ...process.env, PATH: `${directory}:${process.env.PATH}` }
    expect(spawnSync(bin, ['--version'], { encoding: 'utf8', env }).status).toBe(0)
  })
})

describe('check', () => {
  it('tells what would run, and touches nothing', () => {
    const path = file('good.yaml', 'data: ./untouched\nreceive: [{ udp: 5514 }]\ndeliver: [{ store: {} }]\n')
    const { status, stdout, stderr } = sluice('check', '-c', path)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('udp 0.0.0.0:5514')
    expect(spawnSync('ls', ['untouched'], { cwd: directory }).status).not.toBe(0)
  })

  it('names every error with its place, and exits with 78', () => {
    const path = file('bad.yaml', 'shape: big\nreceive:\n  - udp: 5514\n    lanse: 2\n')
    const { status, stdout, stderr } = sluice('check', '-c', path)
    expect(status).toBe(78)
    expect(stderr.trimEnd().split('\n')).toEqual([
      `${path}:1:8: shape: wanted ecs or logstash, got "big"`,
      `${path}:4:5: receive[0]: unknown key "lanse"; did you mean "lanes"?`,
    ])
    expect(stdout).toBe('2 errors\n')
  })

  it('prints the same for machines', () => {
    const path = file('bad.json.yaml', 'shape: big\n')
    const bad = sluice('check', '--json', '-c', path)
    expect(bad.status).toBe(78)
    expect(JSON.parse(bad.stdout)).toMatchObject({ valid: false, errors: [{ line: 1, column: 8 }], warnings: [] })
    const good = JSON.parse(sluice('check', '--json').stdout)
    expect(good).toMatchObject({ valid: true, errors: [], fingerprint: expect.stringMatching(/^\w{12}$/) })
    expect(good.config.receive).toHaveLength(2)
  })

  it('warns of what was probably not meant', () => {
    const path = file('warn.yaml', `receive: [{ udp: 1 }]\nroutes:\n  - name: a\n    filter: program("nova*")\n`)
    const { status, stderr } = sluice('check', '-c', path)
    expect(status).toBe(0)
    expect(stderr).toMatch(/warn\.yaml:4:21: warning: .*supernov/)
  })

  it('says when there is no such file', () => {
    const { status, stderr } = sluice('check', '-c', '/nowhere/sluice.yaml')
    expect(status).toBe(78)
    expect(stderr).toMatch(/^the config file can't be read: ENOENT.*\n$/)
  })
})

describe('completion', () => {
  /** What bash offers for a line whose last word is being typed. */
  function offers(...words: string[]): string[] {
    const script = `source <("$0" completion bash); COMP_WORDS=(sluice "$@"); COMP_CWORD=$#; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', script, bin, ...words], { encoding: 'utf8', cwd: directory })
    expect(stderr).toBe('')
    return stdout.split('\n').filter((word) => word !== '')
  }

  it('offers commands', () => {
    expect(offers('')).toEqual(expect.arrayContaining(commands.map(([name]) => name)))
    expect(offers('ch')).toEqual(['check'])
  })

  it('offers the options of the command, their choices, and files', () => {
    expect(offers('check', '--')).toEqual(['--config', '--json', '--help'])
    expect(offers('completion', '')).toEqual(['bash', 'fish', 'zsh'])
    file('with blank.yaml', '')
    expect(offers('check', '-c', join(directory, 'with'))).toEqual([join(directory, 'with blank.yaml')])
    expect(offers('check', '--json', '')).toEqual([])
  })

  it('offers the commands within a command, and their options', () => {
    expect(offers('grok', '')).toEqual(['explain', 'match', 'list', 'show'])
    expect(offers('grok', 'explain', '--d')).toEqual(['--dataset'])
    expect(offers('grok', 'list', '--')).not.toContain('--dataset')
    expect(offers('buffer', 'p')).toEqual(['peek'])
  })

  it.each(['zsh', 'fish'])('has every command and option for %s', (shell) => {
    const { status, stdout } = sluice('completion', shell)
    expect(status).toBe(0)
    for (const [name] of commands) expect(stdout).toContain(name)
    expect(stdout).toMatch(shell === 'zsh' ? /explain:tell how far/ : /grok; and .* -a explain -d/)
    expect(stdout).toMatch(shell === 'zsh' ? /'--anywhere\[/ : /grok; and .*match' {1,2}-l anywhere -d/)
    expect(stdout).toMatch(
      shell === 'zsh' ? /'\(-c --config\)--config\[config file\]: :_files'/ : /-s c -l config -r -F/,
    )
  })
})
