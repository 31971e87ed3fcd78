import { Piece } from '../event/piece.ts'
import type { Constant } from './format.ts'
import { type Finder, recent } from './recent.ts'

const REMEMBERED = 1000

/** Gives the JSON that a text stands for, null when the map does not know it. Keys may hold `?` and `*`. */
export function lookupTable(map: Readonly<Record<string, Constant>>, list: boolean): Finder<Piece | null> {
  const json = (value: Constant) => new Piece(JSON.stringify(list ? [value].flat() : value))
  const known = new Map<string, Piece | null>()
  const globs: [RegExp, Piece][] = []
  for (const [key, value] of Object.entries(map)) {
    if (/[?*]/.test(key)) globs.push([globRegex(key), json(value)])
    else known.set(key, json(value))
  }
  const fixed = known.size
  return recent((text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const result = globs.find(([regex]) => regex.test(text))?.[1] ?? null
    if (globs.length > 0 && known.size < fixed + REMEMBERED) known.set(text, result)
    return result
  })
}

/** `?`: any character, `*`: any text. */
export function globRegex(glob: string): RegExp {
  const text = glob
    .replace(/[.+^${}()|[\]\\/]/g, '\\$&')
    .replace(/\?/g, '.')
    .replace(/\*+/g, '.*')
  return new RegExp(`^${text}$`, 's')
}
