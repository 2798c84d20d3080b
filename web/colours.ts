/** Colours by host, the same in every chart and bar, and those of the theme for what is drawn on a canvas. */

import { element } from './dom.ts'

/** Well apart from each other, and from the red of alarms, in this order; further hosts go round by the golden angle. */
const HUES = [235, 75, 160, 310, 200, 110, 275, 45]
const GOLDEN_ANGLE = 137.5
/** Colours of more could not be told apart. */
const HOSTS_MAX = 64

export function hueOf(index: number): number {
  return HUES[index] ?? (index * GOLDEN_ANGLE) % 360
}

export interface Paint {
  readonly text: string
  readonly faint: string
  readonly grid: string
  readonly fill: string
  readonly drain: string
  readonly alarm: string
  readonly warn: string
  readonly accent: string
  readonly host: (index: number) => string
}

/** A canvas takes no variables, and no colour that depends on the theme: an element that nobody sees is asked what they come to. */
export function paintOf(): Paint {
  const probe = element('i', { class: 'host-swatch', hidden: true })
  document.body.append(probe)
  const style = getComputedStyle(probe)
  const of = (name: string): string => {
    probe.style.color = `var(--${name})`
    return style.color
  }
  const names = ['text', 'faint', 'grid', 'fill', 'drain', 'alarm', 'warn', 'accent'] as const
  const paint = Object.fromEntries(names.map((name) => [name, of(name)])) as Record<(typeof names)[number], string>
  const hosts = Array.from({ length: HOSTS_MAX }, (_, index) => {
    probe.style.setProperty('--hue', String(hueOf(index)))
    return style.backgroundColor
  })
  probe.remove()
  return { ...paint, host: (index) => hosts[index % HOSTS_MAX]! }
}

/** Resolves to light or dark, and tells when it changes: by the toggle, or by the system if nobody has chosen. */
export class Theme {
  readonly #system = matchMedia('(prefers-color-scheme: dark)')
  #changed: () => void = () => {}

  constructor(toggle: HTMLElement) {
    const chosen = remembered()
    if (chosen !== null) document.documentElement.dataset['theme'] = chosen
    toggle.addEventListener('click', () => {
      const next = this.dark ? 'light' : 'dark'
      document.documentElement.dataset['theme'] = next
      remember(next)
      this.#changed()
    })
    this.#system.addEventListener('change', () => this.#changed())
  }

  get dark(): boolean {
    const chosen = document.documentElement.dataset['theme']
    return chosen === undefined ? this.#system.matches : chosen === 'dark'
  }

  onChange(changed: () => void): void {
    this.#changed = changed
  }
}

const KEY = 'coldpool-theme'

/** A browser may refuse to keep anything. */
function remembered(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Then it is forgotten with the page.
  }
}
