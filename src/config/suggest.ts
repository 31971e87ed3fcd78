import { distance } from 'fastest-levenshtein'

/** `; did you mean 'x'?` for a word close to a known one, otherwise nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const [near] = [...known]
    .map((name) => ({ name, far: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(1, Math.ceil(name.length / 3)))
    .sort((a, b) => a.far - b.far)
  return near === undefined ? '' : `; did you mean '${near.name}'?`
}
