/** Errors that are meant for people: main.ts prints the message (no stack trace) and exits with the code. */
export class UserError extends Error {
  override name = 'UserError'
  /** 1: a finding, something failed; 2: wrong usage; 78: bad config (EX_CONFIG of sysexits.h). */
  readonly exitCode: 1 | 2 | 78
  constructor(message: string, exitCode: 1 | 2 | 78 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
