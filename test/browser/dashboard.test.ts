/** `coldpool run --dashboard`, as an engineer sees it in a browser: figures, views, keys, colours, and nothing from outside. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readTrace, type Trace } from '#simulation/perfetto/reading.fixture.ts'
import type { Figures, Verdict } from '#simulation/verdict.ts'
import { Browser, NARROW, WIDE } from './browser.fixture.ts'
import { noChromium } from './chromium.fixture.ts'

const ROOT = new URL('../../', import.meta.url).pathname
/** Quickstart in a nutshell, with an attack soon: it lasts 30 s at its pace, for what is done on however busy a machine, and is then let go. */
const SCENARIO = join(ROOT, 'scenarios/quickstart.yaml')
const SETTINGS = [
  'duration=6s',
  'workloads.bear.attack=3s',
  'hosts.*.memory=128MiB',
  'devices.*.physical=84MiB',
  'devices.*.advertised=192MiB',
]
/** The hosts of the other device have limits; one of them leaks, the other faults. */
const POLICIES = [
  'devices.device-2.shares={ policy: grace, limits: { host-3: 43MiB, host-4: 37MiB }, grace: 2MiB }',
  'hosts.host-3.isolation={ policy: mempolicy }',
  'hosts.host-3.kernel={ size: 4MiB, rate: 1MB/s }',
  'hosts.host-4.access=read-only',
]
const SIZES = [
  'service-1.size=192MiB',
  'service-2.size=160MiB',
  'service-3.size=192MiB',
  'service-4.size=192MiB',
  'bear.size=32MiB',
]
const RATES = [
  'service-1.accesses=300k/s',
  'service-2.accesses=300k/s',
  'service-3.accesses=300k/s',
  'service-4.accesses=300k/s',
  'bear.rate=25MB/s',
]
/** Of actors, in the scenario. */
const ORDER = [
  'conductor',
  ...['host', 'device', 'promoter'].flatMap((role) => [1, 2, 3, 4].map((n) => `${role}-${n}`)),
  'service-1',
  'service-2',
  'bear',
  'service-3',
  'redis-trace',
  'service-4',
  'sqlite-trace',
]

/** The mail that the run's own trace has between two quanta, as `quantum from to kind count`. Its times are in µs, an arrow begins a quantum before. */
function linesOf(trace: Trace, first: number, last: number): string[] {
  const counts = new Map<string, number>()
  const heard = new Map(trace.of('f').map((event) => [event.id, event]))
  for (const sent of trace.of('s')) {
    const { ts, tid } = heard.get(sent.id)!
    const quantum = Math.floor(ts / 1000)
    if (quantum < first || quantum > last) continue
    const line = `${quantum} ${trace.names.get(sent.tid)} ${trace.names.get(tid)} ${sent.name}`
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  return Array.from(counts, ([line, count]) => `${line} ${count}`)
}

const VIEWS = ['race', 'hosts', 'contention', 'promoters', 'timeline', 'act'] as const

describe.skipIf(noChromium())('the dashboard of a run', () => {
  const out = mkdtempSync(join(tmpdir(), 'coldpool-dashboard-'))
  const folder = mkdtempSync(join(tmpdir(), 'coldpool-trace-'))
  const traceFile = join(folder, 'run.json')
  let browser: Browser
  let run: ChildProcess
  let stderr = ''
  let url = ''

  beforeAll(async () => {
    const overrides = [...SETTINGS, ...POLICIES, ...[...SIZES, ...RATES].map((path) => `workloads.${path}`)].flatMap((path) => [
      '--set',
      path,
    ])
    // First, for it takes seconds on a busy machine, and the run does not wait for it.
    browser = await Browser.open()
    const options = ['--dashboard', '0', '--pace', '0.2x', '--quiet', '--out', out, '--perfetto', traceFile]
    run = spawn(process.execPath, ['cli/main.ts', 'run', SCENARIO, ...overrides, ...options], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    run.stderr!.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
    url = await until(() => /dashboard: (\S+)/.exec(stderr)?.[1])
    await browser.load(url)
  })

  afterAll(async () => {
    await browser?.close()
    run?.kill('SIGKILL')
    for (const path of [out, folder]) rmSync(path, { recursive: true, force: true })
  })

  test('shows it as it goes', async () => {
    const { page } = browser
    await page.locator('#state[data-state="running"]').waitFor()
    await page
      .locator('[data-device="device-1"] [data-figure="used"][data-value]:not([data-value="0"]):not([data-value=""])')
      .waitFor()
    const before = await page.locator('#time').textContent()
    await until(async () => ((await page.locator('#time').textContent()) === before ? undefined : true))
    expect(await page.locator('#scenario').textContent()).toBe('quickstart · seed 1')
    expect(await page.locator('#hosts [data-column="DRAM"]').count()).toBe(4)
    expect(await page.locator('.u-over').count()).toBeGreaterThan(2)
    await browser.shoot('running')
  })

  test('is paused, stepped and resumed by clicking', async () => {
    const { page } = browser
    await page.locator('#pause').click()
    await page.locator('#state[data-state="paused"]').waitFor()
    const seconds = async (): Promise<number> => parseFloat((await page.locator('#time').textContent())!)
    const before = await seconds()
    for (let i = 0; i < 2; i++) {
      await page.locator('#step').click()
      await page.waitForTimeout(150)
    }
    await until(async () => ((await seconds()) > before ? true : undefined))
    expect(await page.locator('#pause').textContent()).toBe('Resume')
    await page.locator('#pause').click()
    await page.locator('#state[data-state="running"]').waitFor()
  })

  test('keeps its history over a reload', async () => {
    const { page } = browser
    await page.locator('#timeline .marks li').first().waitFor()
    const marks = await page.locator('#timeline .marks li').count()
    await browser.load()
    await page.locator('#timeline .marks li').first().waitFor()
    expect(await page.locator('#timeline .marks li').count()).toBeGreaterThanOrEqual(marks)
    expect(await page.locator('#timeline time').allTextContents()).toContain('0.000 s')
  })

  test('stays when the run is over, with the verdict’s figures', async () => {
    const { page } = browser
    await page.locator('#pace').selectOption('0')
    await page.locator('#state[data-state="ended"]').waitFor()
    await until(() => stderr.includes('stays at') || undefined)
    expect(stderr).toContain(`the run is over; the dashboard stays at ${url} until Ctrl-C`)
    const verdict = JSON.parse(readFileSync(join(out, readdirSync(out)[0]!, 'verdict.json'), 'utf8')) as Verdict
    const shown = (selector: string): Promise<number> => page.locator(selector).getAttribute('data-value').then(Number)
    for (const [id, device] of Object.entries(verdict.devices)) {
      const figure = (name: string): Promise<number> => shown(`[data-device="${id}"] [data-figure="${name}"]`)
      expect(await figure('used')).toBe(device['usedBytes'])
      expect(await figure('headroom')).toBe(device['headroomBytes'])
      expect(await figure('poisoned')).toBe(device['poisonedPages'])
      expect(await figure('ratio')).toBeCloseTo(device['compressionRatio'] as number, 5)
      expect(await figure('refused')).toBe(
        Object.values(device['refused'] as Figures).reduce<number>((sum, count) => sum + (count as number), 0),
      )
    }
    const byHost = verdict.devices['device-1']!['byHost'] as Record<string, Figures>
    for (const [host, { usedBytes }] of Object.entries(byHost))
      expect(await shown(`#contention .card:first-child [data-row="${host}"] td:nth-of-type(1)`)).toBe(usedBytes)
    for (const [id, host] of Object.entries(verdict.hosts)) {
      const figure = (column: string): Promise<number> => shown(`#hosts [data-row="${id}"] [data-column="${column}"]`)
      expect([await figure('pooled'), await figure('swapped'), await figure('refused')]).toEqual([
        host['pooledBytes'],
        host['swappedBytes'],
        host['refused'],
      ])
      expect(await figure('slowdown')).toBeCloseTo(host['slowdown'] as number, 5)
    }
    for (const [id, promoter] of Object.entries(verdict.promoters)) {
      const figure = (column: string): Promise<number> => shown(`#promoters [data-row="${id}"] [data-column="${column}"]`)
      expect([await figure('ordered'), await figure('home')]).toEqual([promoter['ordered'], promoter['home']])
      expect(await figure('coverage')).toBeCloseTo(promoter['coverage'] as number, 5)
    }
    const share = (host: string, column: string): Promise<number> =>
      shown(`[data-shares="device-2"] [data-row="${host}"] [data-column="${column}"]`)
    const tenants = verdict.devices['device-2']!['byHost'] as Record<string, Figures>
    for (const [host, limit] of [
      ['host-3', 43],
      ['host-4', 37],
    ] as const) {
      expect(await share(host, 'share')).toBe(limit * 2 ** 20)
      expect(await share(host, 'claimed')).toBeGreaterThanOrEqual(tenants[host]!['usedBytes'] as number)
      expect(await share(host, 'pauses')).toBe(tenants[host]!['pauses'])
    }
    expect(await page.locator('[data-shares="device-1"]').count()).toBe(0)
    expect(verdict.hosts['host-4']!['writeFaults']).toBeGreaterThan(0)
    expect(await page.locator('#hosts [data-row="host-4"] [data-column="write faults/s"]').isVisible()).toBe(true)
    expect(await page.locator('#hosts [data-row="host-4"] [data-column="access faults/s"]').isVisible()).toBe(false)
    expect(await page.locator('#leaks').isVisible()).toBe(true)
    await page.locator('#leaks').scrollIntoViewIfNeeded()
    await page.locator('#leaks .u-over').waitFor()
    const { leaked } = verdict.hosts['host-3'] as { leaked: Figures }
    expect(leaked['kernel']).toBeGreaterThan(0)
    for (const [column, kind] of [
      ['anonymous', 'anon'],
      ['page cache', 'pageCache'],
      ['kernel', 'kernel'],
    ] as const) {
      expect(await shown(`#leaks [data-row="host-3"] [data-column="${column}"]`)).toBe(leaked[kind])
      expect(await shown(`#leaks [data-row="host-4"] [data-column="${column}"]`)).toBe(0)
    }
    expect(await shown('#leaks [data-row="host-3"] [data-column="kernel now"]')).toBe(leaked['kernel'])
    expect(await page.locator('#time').textContent()).toBe(`${verdict.virtualSeconds.toFixed(1)} of 6 s`)
  })

  test('shows what was around a mark, by keyboard too, and gives the focus back', async () => {
    const { page } = browser
    const button = page.locator('#timeline .marks button', { hasText: 'attack' }).first()
    await button.focus()
    await page.keyboard.press('Enter')
    await page.locator('.around h3', { hasText: 'Around 3.0' }).waitFor()
    expect(await page.locator('.around:focus').count()).toBe(1)
    expect(await page.locator('.around tbody tr').count()).toBeGreaterThan(3)
    await page.keyboard.press('Escape')
    await page.locator('.around').waitFor({ state: 'hidden' })
    expect(await page.locator(':focus').getAttribute('data-mark')).toBe(await button.getAttribute('data-mark'))
    await page.keyboard.press('Enter')
    const chart = page.locator('[data-device="device-1"] .u-over').first()
    await chart.scrollIntoViewIfNeeded()
    await chart.click({ position: { x: 30, y: 20 } })
    await page.locator('.around h3:not(:has-text("Around 3.0"))').waitFor()
    await page.locator('.around button').click()
    await page.locator('.around').waitFor({ state: 'hidden' })
  })

  test('shows who said what to whom around a mark, and it is the mail that was delivered', async () => {
    const { page } = browser
    const button = page.locator('#timeline .marks button', { hasText: 'low-threshold' }).first()
    const [quantum, actor] = (await button.getAttribute('data-mark'))!.split(' ') as [string, string]
    await button.click()
    await page.locator('.event-words', { hasText: actor }).waitFor()
    await page.locator('.sequence').waitFor()
    const told = await browser.mail()
    const delivered = linesOf(readTrace(readFileSync(traceFile, 'utf8')), Number(quantum) - 2, Number(quantum) + 2)
    expect(delivered.length).toBeGreaterThan(5)
    expect(told.toSorted()).toEqual(delivered.toSorted())
    // The drawing has an arrow for each, and no actor who took no part.
    expect(await page.locator('.sequence .mail').count()).toBe(told.length)
    const part = new Set(told.flatMap((line) => line.split(' ').slice(1, 3)))
    expect(await page.locator('.sequence .name').allTextContents()).toEqual(ORDER.filter((id) => part.has(id)))
    expect(await page.locator('.sequence .event', { hasText: 'low-threshold' }).count()).toBe(1)
    await page.getByLabel(`only what ${actor} says and hears`).check()
    const own = told.filter((line) => line.split(' ').slice(1, 3).includes(actor))
    expect(own.length).toBeLessThan(told.length)
    expect(await page.locator('.sequence .mail').count()).toBe(own.length)
    await page.getByRole('radio', { name: /^all \d+ lines$/ }).check()
    await browser.shoot('around', '#timeline')
  })

  test.each([
    ['wide', WIDE, 'dark'],
    ['wide', WIDE, 'light'],
    ['narrow', NARROW, 'light'],
    ['narrow', NARROW, 'dark'],
  ] as const)('is readable %s (%j) and %s, with no fault that axe calls serious', async (name, viewport, scheme) => {
    const { page } = browser
    await browser.show(viewport, scheme)
    expect(await browser.faults()).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width)
    for (const view of VIEWS) await browser.shoot(`${view}-${name}-${scheme}`, `#${view}`)
    await page.evaluate('scrollTo(0, 0)')
    await browser.shoot(`page-${name}-${scheme}`)
  })

  test('changes between light and dark by its button, and remembers it', async () => {
    const { page } = browser
    const dark = (): Promise<boolean> => page.evaluate(`getComputedStyle(document.documentElement).colorScheme === 'dark'`)
    await browser.show(WIDE, 'light')
    await page.locator('#theme').click()
    expect(await dark()).toBe(true)
    await browser.load()
    await page.locator('#state[data-state="ended"]').waitFor()
    expect(await dark()).toBe(true)
  })

  test.each(['web/view.ts', 'web/style.css'])('comes to itself when the browser drops a part of it (%s)', async (part) => {
    const { page, troubles } = browser
    await page.route(`**/${part}`, (route) => route.abort('connectionreset'), { times: 1 })
    const again = page
      .waitForEvent('requestfailed', (request) => request.url().endsWith(part))
      .then(() => page.waitForEvent('framenavigated'))
    await browser.load()
    await again
    await page.locator('#state[data-state="ended"]').waitFor()
    expect(troubles.splice(0)).toEqual(['console: Failed to load resource: net::ERR_CONNECTION_RESET'])
  })

  test('asks nothing of the world outside, has no errors, and ends with Ctrl-C', async () => {
    expect(browser.troubles).toEqual([])
    await browser.page.goto('about:blank')
    run.kill('SIGINT')
    expect(await once(run, 'exit')).toEqual([0, null])
  })

  async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
    for (const endMs = performance.now() + 30_000; performance.now() < endMs;) {
      const found = await look()
      if (found !== undefined) return found
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`waited in vain; ${stderr}`)
  }
})
