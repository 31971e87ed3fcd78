/** Marks a stamp that names no zone. */
export const NO_OFFSET = 0x7fff

/**
 * Minutes east of UTC for the zone words that devices write after the time. Three letters are not unique in the
 * world; CST, EST, MST and PST are meant as in RFC 822 section 5, BST is British, IST Indian.
 */
const MINUTES: Record<string, number> = {
  Z: 0,
  UT: 0,
  UTC: 0,
  GMT: 0,
  WET: 0,
  WEST: 60,
  BST: 60,
  CET: 60,
  MET: 60,
  CEST: 120,
  MEST: 120,
  EET: 120,
  EEST: 180,
  MSK: 180,
  SAST: 120,
  IST: 330,
  HKT: 480,
  SGT: 480,
  AWST: 480,
  JST: 540,
  KST: 540,
  ACST: 570,
  ACDT: 630,
  AEST: 600,
  AEDT: 660,
  NZST: 720,
  NZDT: 780,
  NST: -210,
  NDT: -150,
  AST: -240,
  ADT: -180,
  BRT: -180,
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
  AKST: -540,
  AKDT: -480,
  HST: -600,
}

/** Letters without case, five bits each: a word of up to five letters is one small integer. */
function key(code: number, letter: number): number {
  return (code << 5) | (letter & 31)
}

const OFFSETS = new Map<number, number>()
for (const [word, minutes] of Object.entries(MINUTES)) {
  let code = 0
  for (const letter of Buffer.from(word)) code = key(code, letter)
  OFFSETS.set(code, minutes)
}

/** Minutes east of UTC of the 1 to 5 letters from `start` to `end`, in any case; NO_OFFSET when they name no zone. */
export function zoneWord(bytes: Uint8Array, start: number, end: number): number {
  let code = 0
  for (let p = start; p < end; p++) code = key(code, bytes[p])
  return OFFSETS.get(code) ?? NO_OFFSET
}
