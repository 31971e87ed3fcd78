import { distance } from 'fastest-levenshtein'

/** `; did you mean "x"?` for a word close to a known one, otherwise nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const [near] = [...known]
    .map((name) => ({ name, far: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= 2 && far < name.length)
    .sort((a, b) => a.far - b.far)
  return near === undefined ? '' : `; did you mean "${near.name}"?`
}
