import type { DynamicFields } from './decision.ts'

/** A line's texts as filters ask for them: each is made once a line, whatever number of filters look at it. */
export class LineText {
  #fields: DynamicFields
  #message: string | null = null
  #match: string | null = null

  constructor(fields: DynamicFields) {
    this.#fields = fields
  }

  /** Begins the next line. */
  reset(fields: DynamicFields): this {
    this.#fields = fields
    this.#message = null
    this.#match = null
    return this
  }

  get message(): string {
    this.#message ??= this.#fields.message()
    return this.#message
  }

  get match(): string {
    this.#match ??= this.#fields.match()
    return this.#match
  }

  /** `program[pid]: `, as `$MSGHDR`: what `match` has in front of the message. */
  get messageHeader(): string {
    return this.match.slice(0, this.match.length - this.message.length)
  }

  pid(program: string): string {
    return this.messageHeader
      .slice(program.length)
      .replace(/^\[(.*)\]: $/s, '$1')
      .replace(/^: $/, '')
  }

  get sender(): string {
    return this.#fields.sender
  }

  get tags(): readonly string[] {
    return this.#fields.tags
  }
}
