/**
 * The files of the page, all read when the dashboard opens: nothing else is served, whatever is asked for. TypeScript goes out
 * as JavaScript, its types blanked out, under its own path from the root; so the page's imports are the repository's.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface PageFile {
  readonly type: string
  readonly bytes: Buffer
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Of our own rooms, what the page's scripts import. */
const SHARED = ['shared/units.ts', 'simulation/dashboard/history.ts']

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  js: 'text/javascript; charset=utf-8',
  ts: 'text/javascript; charset=utf-8',
}

/** By the path in the address. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>()
  const add = (address: string, path: string): void => {
    const text = readFileSync(path, 'utf8')
    const ending = path.split('.').at(-1)!
    files.set(address, { type: TYPES[ending]!, bytes: Buffer.from(ending === 'ts' ? scriptOf(text) : text) })
  }
  for (const name of readdirSync(join(ROOT, 'web'))) {
    if (/^[a-z-]+\.(html|css|svg|ts)$/.test(name)) add(name === 'index.html' ? '/' : `/web/${name}`, join(ROOT, 'web', name))
  }
  for (const path of SHARED) add(`/${path}`, join(ROOT, path))
  const uplot = createRequire(import.meta.url).resolve('uplot/package.json')
  add('/uplot/uplot.js', join(uplot, '../dist/uPlot.esm.js'))
  add('/uplot/uplot.css', join(uplot, '../dist/uPlot.min.css'))
  return files
}

/** Nothing from elsewhere, nothing inline but what the page itself has: its import map, and what loads it again. */
export function contentPolicy(html: string): string {
  const inline = Array.from(html.matchAll(/<script(?: type="importmap")?>([\s\S]*?)<\/script>/g), ([, text]) => hashOf(text!))
  const scripts = ["'self'", ...inline.map((hash) => `'sha256-${hash}'`)].join(' ')
  return [
    "default-src 'none'",
    `script-src ${scripts}`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

/** Node warns once that this function may change; the version of Node is ours, and who runs a scenario need not hear of it. */
function scriptOf(text: string): string {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = emitWarning
  }
}
