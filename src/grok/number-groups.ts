/** Takes the names out of groups, `f0` and so on for fields, and says which number each of these has. */
export function numberGroups(named: string, fields: number): { source: string; groups: number[] } {
  const groups = new Array<number>(fields).fill(0)
  const numbers = new Map<string, number>()
  let count = 0
  let source = ''
  for (let at = 0; at < named.length; ) {
    const char = named.charAt(at)
    let length = 1
    let written = char
    if (char === '\\') {
      const reference = /^\\k<([fa]\d+)>/.exec(named.slice(at, at + 16))
      length = reference?.[0].length ?? 2
      written = reference === null ? named.slice(at, at + 2) : `(?:\\${numbers.get(reference[1]) ?? 0})`
    } else if (char === '[') {
      length = endOfClass(named, at) - at
      written = named.slice(at, at + length)
    } else if (char === '(' && named.charAt(at + 1) !== '?') count++
    else if (char === '(') {
      const name = /^\(\?<([fa]\d+)>/.exec(named.slice(at, at + 16))
      if (name !== null) {
        numbers.set(name[1], ++count)
        if (name[1].startsWith('f')) groups[Number(name[1].slice(1))] = count
        length = name[0].length
        written = '('
      }
    }
    source += written
    at += length
  }
  return { source, groups }
}

/** Classes are nested with the v flag; without it a [ within one is escaped by whoever wrote it. */
export function endOfClass(source: string, start: number): number {
  let depth = 0
  for (let at = start; at < source.length; at++) {
    const char = source.charAt(at)
    if (char === '\\') at++
    else if (char === '[') depth++
    else if (char === ']' && --depth === 0) return at + 1
  }
  return source.length
}
