import fc from 'fast-check'

/**
 * Where every random test starts: always the same, so that a run says something about the code and not about luck.
 * `SLUICE_SEED=N` (or `random`) looks for more; the seed of a failure goes back into the code as a case of its own.
 */
const wanted = process.env.SLUICE_SEED ?? '1051808797'

export const SEED = wanted === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(wanted)

fc.configureGlobal({ seed: SEED })
