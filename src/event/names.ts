import { FLAG_NAMES } from '../syslog/header.ts'
import { Piece } from './piece.ts'

/** Text as a JSON string. */
export function jsonText(text: string): string {
  return JSON.stringify(text.toWellFormed())
}

/** Gives the pieces of names of few, such as levels and datasets, as JSON strings with this in front. */
export function namePieces(before: string): (name: string) => Piece {
  const names = new Map<string, Piece>()
  return (name) => {
    let piece = names.get(name)
    if (piece === undefined) {
      piece = new Piece(before + jsonText(name))
      names.set(name, piece)
    }
    return piece
  }
}

const flagSets = new Map<number, Piece>()

/** A set of flags as a JSON array of their names. Few sets occur, so each is written once. */
export function flagNames(flags: number): Piece {
  let piece = flagSets.get(flags)
  if (piece === undefined) {
    piece = new Piece(JSON.stringify(FLAG_NAMES.filter((_, bit) => flags & (1 << bit))))
    flagSets.set(flags, piece)
  }
  return piece
}
