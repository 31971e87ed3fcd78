/** Takes the names out of groups and says which number each has. */
export function numberGroups(named: string, fields: number): { source: string; groups: number[] } {
  const groups = new Array<number>(fields).fill(0)
  let count = 0
  let source = ''
  for (let at = 0; at < named.length; ) {
    const char = named.charAt(at)
    let length = 1
    let written = char
    if (char === '\\') {
      const reference = /^\\k<f(\d+)>/.exec(named.slice(at, at + 16))
      length = reference?.[0].length ?? 2
      written = reference === null ? named.slice(at, at + 2) : `(?:\\${groups[Number(reference[1])]})`
    } else if (char === '[') {
      length = endOfClass(named, at) - at
      written = named.slice(at, at + length)
    } else if (char === '(' && named.charAt(at + 1) !== '?') count++
    else if (char === '(') {
      const name = /^\(\?<f(\d+)>/.exec(named.slice(at, at + 16))
      if (name !== null) {
        groups[Number(name[1])] = ++count
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
