import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Figures, Verdict } from '../verdict.ts'
import { battle, crowd, INJECTED, parentFolder, verdictIn } from './folder.fixture.ts'
import { RunRecord } from './record.ts'
import { writeReport } from './report.ts'

const parent = parentFolder()
let folder: string
let page: string
let verdict: Verdict

beforeAll(async () => {
  folder = await battle(parent, [], INJECTED)
  page = readFileSync(await writeReport(folder), 'utf8')
  verdict = verdictIn(folder)
})

/** Element names that are opened and not closed in their turn, or closed and not open. */
function unbalanced(html: string): string[] {
  const open: string[] = []
  const problems: string[] = []
  for (const [, close, name, rest] of html.matchAll(/<(\/?)([a-zA-Z][\w-]*)([^>]*)>/g)) {
    if (rest!.endsWith('/')) continue
    if (close === '') open.push(name!)
    else if (open.pop() !== name) problems.push(name!)
  }
  return [...problems, ...open]
}

/** What a table of the page says: by row and column, figures as the exact values that are behind them. */
function tableIn(html: string, caption: string): Record<string, Record<string, string>> {
  const table = [...html.matchAll(/<table>[^]*?<\/table>/g)]
    .map(([text]) => text)
    .find((text) => textOf(/<caption>([^]*?)<\/caption>/.exec(text)![1]!) === caption)
  if (table === undefined) throw new Error(`no table ${caption}`)
  const [head, ...rows] = [...table.matchAll(/<tr>([^]*?)<\/tr>/g)].map(([, row]) =>
    [...row!.matchAll(/<t[hd][^>]*>([^]*?)<\/t[hd]>/g)].map(([, cell]) => cell!),
  )
  return Object.fromEntries(
    rows.map((row) => [
      textOf(row[0]!),
      Object.fromEntries(row.map((cell, i) => [textOf(head![i]!), /<data value="([^"]*)"/.exec(cell)?.[1] ?? textOf(cell)])),
    ]),
  )
}

/** As the table has it. */
function exact(figures: Figures, name: string): string {
  return String(Number(figures[name]))
}

function textOf(html: string): string {
  return html.replaceAll(/<[^>]*>/g, '').trim()
}

describe('the report of a run', () => {
  test('is well-formed, needs no script and nothing from anywhere, and its policy says so', () => {
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(unbalanced(page)).toEqual([])
    expect(page).toContain(`content="default-src &#39;none&#39;; style-src &#39;sha256-`)
    expect(page.match(/<script|<link|<img|<iframe|\bon\w+="|\bstyle="|\bsrc=|url\(|@import|https?:/g)).toBeNull()
    expect([...page.matchAll(/href="([^"]*)"/g)].every(([, to]) => to!.startsWith('#'))).toBe(true)
    const ids = [...page.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id!)
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, to] of page.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(to)
  })

  test('tells the story, seed, digest and versions, and how to do the same again', () => {
    for (const line of verdict.story) expect(page).toContain(`<li>${line}</li>`)
    expect(page).toContain(`<h1>battle</h1>`)
    expect(page.slice(0, page.indexOf('<dl'))).toContain('<p class="lead bad">✗ The bear won')
    expect(page).toMatch(new RegExp(`<dt>digest</dt>\\s*<dd>${verdict.digest}</dd>`))
    expect(page).toMatch(/<dt>seed<\/dt>\s*<dd>1<\/dd>/)
    expect(page).toContain(`on Node ${process.versions.node}`)
    expect(page).toContain('<code>coldpool run scenario.yaml --injections injections.yaml</code>')
    expect(page).toContain(`{ host: host-1, kind: bear, size: 16MiB, content: zero, rate: 100MB/s, attack: 700ms }`)
  })

  test('has the figures of the verdict in its tables, to the last digit', () => {
    const devices = tableIn(page, 'Devices')
    const hosts = tableIn(page, 'Hosts')
    const promoters = tableIn(page, 'Promoters')
    for (const [id, figures] of Object.entries(verdict.devices)) {
      expect(devices[id]).toMatchObject({
        'peak use': exact(figures, 'peakUsedBytes'),
        'closest headroom': exact(figures, 'minHeadroomBytes'),
        ratio: exact(figures, 'compressionRatio'),
        refused: `${Object.values(figures['refused'] as Figures).reduce<number>((sum, n) => sum + (n as number), 0)}`,
        poisoned: exact(figures, 'poisonedPages'),
      })
    }
    for (const [id, figures] of Object.entries(verdict.hosts)) {
      const { p99 } = figures['latencyNs'] as { p99: number }
      expect(hosts[id]).toMatchObject({
        demoted: exact(figures, 'demoted'),
        'OOM kills': exact(figures, 'oomKills'),
        p99: `${p99}`,
      })
      expect(tableIn(page, 'Latency of memory accesses that miss the CPU caches')[id]).toMatchObject({ p99: `${p99}` })
    }
    expect(promoters['promoter-2']).toMatchObject({
      host: 'host-2',
      coverage: exact(verdict.promoters['promoter-2']!, 'coverage'),
    })
    expect(tableIn(page, 'Workloads')['bear']).toMatchObject({ host: 'host-1', kind: 'bear' })
    expect(tableIn(page, 'Workloads')['late']).toMatchObject({ host: '–', kind: 'injected' })
  })

  test('has every figure there is, known or not', () => {
    const { swappedIn, leaked } = verdict.hosts['host-1'] as { swappedIn: number; leaked: { kernel: number } }
    const all = tableIn(page, 'Hosts, all figures')
    expect(all['swapped in']).toMatchObject({ 'host-1': `${swappedIn}` })
    expect(all['leaked kernel']).toMatchObject({ 'host-1': `${leaked.kernel}` })
    const byHost = verdict.devices['device-1']!['byHost'] as Record<string, Record<string, number>>
    expect(tableIn(page, 'device-1 by host, all figures')['read']).toBeDefined()
    expect(tableIn(page, 'device-1 by host, all figures')['stored pages']).toMatchObject({
      'host-2': `${byHost['host-2']!['storedPages']}`,
    })
  })

  test('has every event, with its number on the charts', () => {
    const events = tableIn(page, 'Events')
    expect(events['0.700 s']).toMatchObject({
      actor: 'bear',
      event: 'attack',
      particulars: 'rate 100 MB/s, content incompressible',
    })
    expect(events['1.200 s']).toMatchObject({ actor: 'operator', event: 'stop', particulars: 'workload late' })
    expect(Object.values(events).find(({ event }) => event === 'killed')).toMatchObject({
      particulars: expect.stringContaining('cause sigbus') as string,
    })
    expect(events['0.700 s']!['on the charts']).toMatch(/^\d+$/)
  })

  test('says in words what each chart shows', () => {
    const words = [...page.matchAll(/<svg role="img" aria-label="([^"]*)"/g)].map(([, text]) => text!)
    expect(words.length).toBe([...page.matchAll(/<figure>/g)].length)
    expect(words.length).toBeGreaterThan(15)
    const fill = words.find((text) => text.startsWith('Chart: Physical capacity by host of device-1, from 0.0 to 1.5 s'))!
    expect(fill).toContain('. physical 9.00 MiB. interrupt up: 8 % left 8.28 MiB.')
    expect(fill).toMatch(/host-1: [\d.]+ MiB at the end, at most [\d.]+ MiB at [\d.]+ s/)
    expect(words.some((text) => text.startsWith('Chart: The race: growth against what is taken off of device-1, from 0.5'))).toBe(
      true,
    )
  })

  test('is the same page however often it is written', async () => {
    await writeReport(folder)
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toBe(page)
  })

  test('counts the charts as it draws them', async () => {
    const seen: string[] = []
    await writeReport(folder, { onDrawn: (drawn, charts) => seen.push(`${drawn}/${charts}`) })
    const charts = [...page.matchAll(/<figure>/g)].length
    expect(seen).toEqual(Array.from({ length: charts }, (_, i) => `${i + 1}/${charts}`))
  })
})

test('text from a folder that somebody has tampered with stays text', async () => {
  const path = join(parent, 'tampered')
  cpSync(folder, path, { recursive: true })
  const evil = `</code></pre><script>alert(1)</script><img src=x onerror="alert(2)">`
  const file = join(path, 'verdict.json')
  const { hosts, ...rest } = verdictIn(path)
  const tampered = {
    ...rest,
    scenario: evil,
    digest: evil,
    bus: evil,
    story: [evil, evil],
    hosts: { ...hosts, [evil]: { [evil]: 1 } },
  }
  writeFileSync(file, JSON.stringify(tampered))
  appendFileSync(join(path, 'scenario.yaml'), `# ${evil}\n`)
  appendFileSync(join(path, 'events.ndjson'), `${JSON.stringify({ seconds: 1.5, actor: evil, code: evil, [evil]: evil })}\n`)
  const html = readFileSync(await writeReport(path), 'utf8')
  expect(unbalanced(html)).toEqual([])
  expect(html).not.toMatch(/<script|<img/)
  expect(html.split('&lt;script&gt;alert(1)&lt;/script&gt;').length).toBeGreaterThan(10)
})

test('a run without a bear, without promoters and without commands has no place for them', async () => {
  const quiet = await battle(parent, ['workloads.bear.attack=1400ms', 'duration=300ms'])
  const html = readFileSync(await writeReport(quiet), 'utf8')
  expect(html).toContain('No bear came')
  expect(html).toContain('<code>coldpool run scenario.yaml</code>')
  expect(html).toMatch(/Nothing but zeros, and so not drawn: [^<]*Swapped in, pages/)
})

test('metrics too long to be drawn at the end of a run leave all but the charts, and say how they are drawn', async () => {
  const path = join(parent, 'long')
  cpSync(folder, path, { recursive: true })
  const { metricsBytes } = RunRecord.read(path)
  const html = readFileSync(await writeReport(path, { metricsBytesMax: metricsBytes - 1 }), 'utf8')
  expect(html).toContain('<code>coldpool report .</code>')
  expect(html).not.toContain('<figure>')
  expect(tableIn(html, 'Hosts')).toEqual(tableIn(page, 'Hosts'))
  expect(readFileSync(await writeReport(path, { metricsBytesMax: metricsBytes }), 'utf8')).toContain('<figure>')
})

describe('64 hosts on 8 devices', () => {
  let html: string
  let path: string

  beforeAll(async () => {
    const metrics = readdirSync(join(folder, 'metrics')).map((file) => join(folder, 'metrics', file))
    path = crowd(parent, { metrics })
    html = readFileSync(await writeReport(path), 'utf8')
  })

  test('have a report of at most 2 MB', () => {
    expect(existsSync(join(path, 'metrics', 'host-64.csv'))).toBe(true)
    expect(statSync(join(path, 'report.html')).size).toBeLessThanOrEqual(2e6)
    expect(unbalanced(html)).toEqual([])
  })

  test('are all in the tables; charts are of the worst, and say so', () => {
    expect(Object.keys(tableIn(html, 'Hosts'))).toHaveLength(64)
    expect(html.split('\n').map((line) => textOf(line))).toContain(
      'Charts show the 8 hosts of 64 that were slowed down most; the tables have all.',
    )
    expect(html.search(/>other hosts\s*</)).toBeGreaterThan(0)
  })

  test('have no colour for two hosts on one device, and each host one colour', () => {
    const colours = new Map<string, Set<string>>()
    const stacks = [...html.matchAll(/<strong>Physical capacity by host<\/strong>[^]*?<\/figure>/g)]
    expect(stacks).toHaveLength(8)
    for (const [stack] of stacks) {
      const keys = [...stack.matchAll(/fill="(#\w+)" \/><\/svg\s*>(host-\d+)/g)]
      expect(keys.length).toBeGreaterThanOrEqual(4)
      expect(new Set(keys.map(([, colour]) => colour)).size).toBe(keys.length)
      for (const [, colour, host] of keys) colours.set(host!, (colours.get(host!) ?? new Set()).add(colour!))
    }
    expect([...colours.values()].every((own) => own.size === 1)).toBe(true)
  })
})

test('the race is a sum: growth less what is taken off is what the device fills by', async () => {
  const record = RunRecord.read(folder)
  const { raceOf } = await import('./pool-figures.ts')
  const { areas, lines } = raceOf(record, 'device-1', [])!
  const used = record.metrics('device-1')!.points('usedBytes')!
  const at = (seconds: number): number => used.values[Array.from(used.seconds).indexOf(seconds)]!
  const growth = lines![0]!.points
  for (let i = 1; i < growth.seconds.length; i++) {
    const [before, now] = [growth.seconds[i - 1]!, growth.seconds[i]!]
    const taken = areas!.reduce((sum, { points }) => sum + points.values[i]!, 0)
    expect((growth.values[i]! - taken) * (now - before)).toBeCloseTo(at(now) - at(before), 3)
  }
  // host-1 has no swap, host-2 has, and it is on device-1 alone.
  const swapped = record.metrics('host-2')!.values('swappedOutPooled')!.at(-1)!
  expect(swapped).toBeGreaterThan(0)
  expect(Math.max(...Array.from(areas![1]!.points.values))).toBeGreaterThan(0)
})
