/** A table of the benchmark's report, and the figures that it was made from. */
export interface Section {
  title: string
  head: readonly string[]
  rows: readonly (readonly string[])[]
  notes: readonly string[]
  figures: unknown
}

export type Progress = (text: string) => void
