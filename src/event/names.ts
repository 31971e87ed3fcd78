import { FLAG_NAMES } from '../syslog/header.ts'
import { Piece } from './piece.ts'

/** Text as a JSON string. */
export function jsonText(text: string): string {
  return JSON.stringify(text.toWellFormed())
}

/** Gives the pieces of names of few, such as levels and datasets, as JSON strings with this in front. */
export function namePieces(before: string): (name: string) => Piece {
  return made((name: string) => before + jsonText(name))
}

/** A set of flags as a JSON array of their names. Few sets occur, so each is written once. */
export const flagNames = made((flags: number) => JSON.stringify(FLAG_NAMES.filter((_, bit) => flags & (1 << bit))))

/** Gives pieces, each of which is made once; the last is at hand. */
function made<Of>(textOf: (of: Of) => string): (of: Of) => Piece {
  const pieces = new Map<Of, Piece>()
  let last: Of | null = null
  let piece: Piece = new Piece('')
  return (of) => {
    if (of === last) return piece
    const known = pieces.get(of)
    piece = known ?? new Piece(textOf(of))
    if (known === undefined) pieces.set(of, piece)
    last = of
    return piece
  }
}
