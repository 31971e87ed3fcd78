/** An index name with strftime's %Y %m %d (and %%) filled in, in UTC: `syslog-%Y.%m.%d`. */
export function formatIndex(pattern: string, time: number): string {
  const [year, month, day] = new Date(time).toISOString().slice(0, 10).split('-')
  return pattern.replaceAll(/%[Ymd%]/g, (field) => ({ '%Y': year, '%m': month, '%d': day })[field] ?? '%')
}
