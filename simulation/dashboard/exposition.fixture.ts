/** Prometheus's text format, read strictly enough for tests. */
export interface Exposed {
  readonly help: string
  readonly type: string
  /** By their labels as written, such as `device="device-1"`; empty without labels. */
  readonly series: ReadonlyMap<string, number>
}

/** By name. Throws at a line that is none of the format, or a sample without HELP and TYPE before it. */
export function readExposition(text: string): ReadonlyMap<string, Exposed> {
  const helps = new Map<string, string>()
  const metrics = new Map<string, Exposed & { readonly series: Map<string, number> }>()
  for (const line of text.split('\n').filter((candidate) => candidate !== '')) {
    const [, about, subject, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (about === 'HELP') helps.set(subject!, rest!)
    else if (about === 'TYPE') metrics.set(subject!, { help: helps.get(subject!) ?? '', type: rest!, series: new Map() })
    else {
      const [, name, labels = '', value] = /^([a-z0-9_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+)\})? (\S+)$/.exec(line) ?? []
      const metric = metrics.get(name ?? '')
      if (metric === undefined || metric.help === '' || !Number.isFinite(Number(value))) throw new Error(`no sample: ${line}`)
      if (metric.series.has(labels)) throw new Error(`twice: ${line}`)
      metric.series.set(labels, Number(value))
    }
  }
  return metrics
}
