import { FLAG_NAMES } from '../syslog/header.ts'
import { Piece } from './piece.ts'

/** Text as a JSON string. */
export function jsonText(text: string): string {
  return JSON.stringify(text.toWellFormed())
}

const names = new Map<string, Piece>()

/** The name of a level or a dataset as a JSON string. */
export function namePiece(name: string): Piece {
  let piece = names.get(name)
  if (piece === undefined) {
    piece = new Piece(jsonText(name))
    names.set(name, piece)
  }
  return piece
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
