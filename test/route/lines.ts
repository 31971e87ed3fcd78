/** A well-formed RFC 3164 line, by its fields. */
export interface TestLine {
  facility: number
  severity: number
  host: string
  program: string
  pid?: string
  message: string
  /** Where it is sent from. */
  from?: '127.0.0.1' | '127.0.0.2' | '::1'
}

const line = (program: string, message: string, more: Partial<TestLine> = {}): TestLine => ({
  facility: 3,
  severity: 6,
  host: 'controller1',
  program,
  message,
  ...more,
})

export const LINES: readonly TestLine[] = [
  line('nova-api', 'GET /v2/servers HTTP/1.1', { pid: '1201', host: 'controller1' }),
  line('nova-compute', 'VM Started (Lifecycle Event)', { host: 'network', facility: 16 }),
  line('nova', 'plain nova', { host: 'network', severity: 4 }),
  line('nov', 'three letters', { host: 'network2' }),
  line('supernova', 'a star', { host: 'network', severity: 3 }),
  line('supernov', 'nearly a star', { host: 'mynetwork' }),
  line('NOVA', 'shouted', { host: 'NETWORK' }),
  line('Nova-Api', 'title case', { host: 'Controller1', severity: 2 }),
  line('haproxy', '10.2.4.107:39510 [03/Dec/2013:00:24:38.457] nova-compute-api "GET /haproxy?stats HTTP/1.1"', {
    pid: '1474',
  }),
  line('haproxy', '10.2.4.107:39510 [03/Dec/2013:00:24:38.457] nova-compute-api 0/0/4 280', {
    pid: '1474',
    facility: 16,
  }),
  line('haproxy', 'Server nova/controller-2 is DOWN', { severity: 1, facility: 16 }),
  line('haproxy', 'proxy nova has no server available!', { severity: 0, facility: 23, from: '127.0.0.2' }),
  line('sshd', 'Failed password for root from 10.0.0.1 port 22 ssh2', { facility: 4, pid: '77', host: '10.0.0.1' }),
  line('sshd', 'Accepted publickey for root', { facility: 10, pid: '1', host: '10.0.0.15', severity: 5 }),
  line('sshd', 'error: kex_exchange_identification', { facility: 4, host: '10x0y0z1', severity: 3 }),
  line('cron', '(root) CMD (run-parts)', { facility: 9, pid: '3' }),
  line('anacron', 'Job `cron.daily` terminated', { facility: 9 }),
  line('CRON', '(www) CMD (true)', { facility: 15 }),
  line('/USR/SBIN/CRON', '(root) CMD (true)', { facility: 9, pid: '9' }),
  line('postfix/smtpd', 'connect from unknown[1.2.3.4]', { facility: 2, pid: '42', from: '127.0.0.2' }),
  line('postfix/qmgr', 'removed', { facility: 2, pid: '43' }),
  line('kernel', '[12.5] usb 1-1: new device', { facility: 0, severity: 7 }),
  line('systemd', 'Started Session 1 of user root.', { host: 'web1.example.org' }),
  line('systemd', 'Stopped target Basic System.', { host: 'web10.example.org', severity: 7 }),
  line('app', 'star * and ? and [brackets] (round) {curly} a+b^c$d|e\\f', { host: 'web1-example-org' }),
  line('app', 'user=alice action=login result=ok', { facility: 17 }),
  line('app', 'user=bob action=login result=fail', { facility: 18, severity: 4 }),
  line('app', 'aaa', { facility: 19 }),
  line('app', 'AAA', { facility: 20, severity: 1 }),
  line('app', 'x', { facility: 21, severity: 2 }),
  line('app', 'nova* literally', { facility: 22 }),
  line('app', 'tab\there and  two blanks', { facility: 1, severity: 7 }),
  line('app', 'trace line one\nline two\nlast line', { facility: 1 }),
  line('app', 'digits 12345 and 0x1F and 3.14', { facility: 5 }),
  line('app', 'abab abcabc', { facility: 6 }),
  line('app', 'quote "double" and \'single\'', { facility: 7 }),
  line('app', 'from v6', { facility: 8, from: '::1' }),
  line('app', 'from the second address', { facility: 11, from: '127.0.0.2', host: 'host.with.dots' }),
  line('app', 'grüße aus köln', { facility: 12 }),
  line('app', 'GRÜSSE', { facility: 13 }),
  line('app', 'foo.bar', { facility: 14, pid: 'main' }),
  line('app', 'fooXbar', { facility: 14, pid: '12' }),
  line('app.sub', 'program with a dot', { host: 'host-1' }),
  line('app-sub', 'program with a hyphen', { host: 'host_1' }),
  line('a', 'one letter', { host: 'b' }),
  line('app', '', { facility: 3, pid: '5', severity: 5 }),
  line('app', '-', { facility: 3, severity: 5 }),
]

/** The time of the line says its number, so that any filter may look at the text. */
export function datagram(line: TestLine, number: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = `${two(10 + Math.floor(number / 3600))}:${two(Math.floor(number / 60) % 60)}:${two(number % 60)}`
  const pid = line.pid === undefined ? '' : `[${line.pid}]`
  return `<${line.facility * 8 + line.severity}>Nov  5 ${time} ${line.host} ${line.program}${pid}: ${line.message}`
}

export function numberOf(time: string): number {
  const [hour = 0, minute = 0, second = 0] = time.split(':').map(Number)
  return (hour - 10) * 3600 + minute * 60 + second
}
