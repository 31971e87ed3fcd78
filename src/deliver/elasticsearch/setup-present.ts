import { nameOf, pathOf, type SetupPlan, type StepState } from './setup.ts'

const DONE: Readonly<Record<StepState, string>> = {
  new: 'written',
  changed: 'written anew',
  unchanged: 'is as it should be',
  newer: 'left alone',
  foreign: 'left alone',
  withheld: 'not written',
}

/** What a setup has done, for people. */
export function setupLines({ steps, warnings }: SetupPlan): string[] {
  const isWritten = steps.some(({ state }) => state === 'new' || state === 'changed')
  return [
    ...steps.map(({ template, state, reason }) => {
      return `${nameOf(template)}: ${DONE[state]}${reason === undefined ? '' : `: ${reason}`}`
    }),
    ...warnings.map((warning) => `warning: ${warning}`),
    ...(isWritten ? ['Indices that are there already stay as they are; the next ones are made like this.'] : []),
  ]
}

/** What a setup would send, ready for the console of Kibana. */
export function requestLines({ steps, warnings }: SetupPlan): string[] {
  return [
    ...steps.flatMap(({ template, state, reason }) => {
      if (state !== 'new' && state !== 'changed') {
        return [`# ${nameOf(template)}: ${DONE[state]}${reason === undefined ? '' : `: ${reason}`}`, '']
      }
      const { body } = template
      return [`PUT ${pathOf(template)}`, ...JSON.stringify(body, null, 2).split('\n'), '']
    }),
    ...warnings.map((warning) => `# warning: ${warning}`),
  ]
}
