import { Presets, SingleBar } from 'cli-progress'

/** Work under way; read it as often as needed. */
export interface Progress {
  counts: Readonly<{ sent: number; refused: number }>
  /** 0 to 1, or null when nobody can know. */
  fraction(): number | null
}

const STEPS = 1000
const REDRAW_MS = 200

/** Draws a progress bar on stderr if that is a terminal; call the result to end it. `done`: what is counted. */
export function showProgress(progress: Progress, done = 'sent'): () => void {
  if (!process.stderr.isTTY) return () => {}
  const known = progress.fraction() !== null
  const format = `${known ? '{bar} {percentage}% | ' : ''}{sent} ${done}{refused} | {rate}/s${known ? ' | {left} left' : ''}`
  const bar = new SingleBar(
    { format, clearOnComplete: true, hideCursor: true, gracefulExit: false },
    Presets.shades_grey,
  )
  const started = performance.now()
  let before = { sent: 0, at: started }
  const draw = (): void => {
    const now = performance.now()
    const { sent } = progress.counts
    const refused = progress.counts.refused > 0 ? ', refused: nothing listens there' : ''
    const rate = Math.round(((sent - before.sent) * 1000) / Math.max(1, now - before.at))
    // The rate of the last two seconds at most.
    if (now - before.at > 2000) before = { sent, at: now }
    const fraction = progress.fraction() ?? 0
    const left = fraction > 0 ? duration(((now - started) * (1 - fraction)) / fraction) : '?'
    bar.update(Math.floor(fraction * STEPS), { sent, refused, rate, left })
  }
  bar.start(STEPS, 0, { sent: 0, refused: '', rate: 0, left: '?' })
  const timer = setInterval(draw, REDRAW_MS)
  return () => {
    clearInterval(timer)
    bar.stop()
  }
}

/** `42 s`, `5 m 02 s`, `3 h 07 m`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const two = (value: number): string => String(value).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} m ${two(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`
}
