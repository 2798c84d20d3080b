/** The one style sheet of our pages: light and dark, wide and narrow, screen and paper. */
import { createHash } from 'node:crypto'
import { COLOURS } from '../chart.ts'
import { OTHERS } from './palette.ts'

export const CARDS = { light: '#ffffff', dark: '#171b21' }

/** Every colour of the charts as it is on a light card and on a dark one, at least 3 : 1 against it (WCAG 1.4.11). */
export const SHADES: Readonly<Record<string, { readonly light: string; readonly dark: string }>> = {
  [COLOURS[0]]: { light: '#0072b2', dark: '#4aa3e0' },
  [COLOURS[1]]: { light: '#d55e00', dark: '#f0803c' },
  [COLOURS[2]]: { light: '#008f68', dark: '#2fbf95' },
  [COLOURS[3]]: { light: '#b8608f', dark: '#dd92ba' },
  [COLOURS[4]]: { light: '#b07500', dark: '#e69f00' },
  [COLOURS[5]]: { light: '#3f97cc', dark: '#8fd0f5' },
  [COLOURS[6]]: { light: '#000000', dark: '#e8e8e8' },
  [COLOURS[7]]: { light: '#80802a', dark: '#c4c45a' },
  [OTHERS]: { light: '#7a7f87', dark: '#8d939c' },
}

/** From the least to the greatest cell of a heat map, with what is written on it at 4.5 : 1 at least (ColorBrewer's Blues); the same on any card. */
export const HEAT: readonly (readonly [background: string, ink: string])[] = [
  ['#f7fbff', '#16191d'],
  ['#deebf7', '#16191d'],
  ['#c6dbef', '#16191d'],
  ['#9ecae1', '#16191d'],
  ['#6baed6', '#16191d'],
  ['#2171b5', '#ffffff'],
  ['#08519c', '#ffffff'],
  ['#08306b', '#ffffff'],
]

function shades(theme: 'light' | 'dark'): string {
  return Object.entries(SHADES)
    .map(([colour, shade]) => `svg [fill="${colour}"]{fill:${shade[theme]}}svg [stroke="${colour}"]{stroke:${shade[theme]}}`)
    .join('\n')
}

const STYLE = `
:root { color-scheme: light dark; --page: #f4f5f7; --card: ${CARDS.light}; --ink: #16191d; --soft: #565d66; --rule: #d5d9de; --link: #0b5cad;
  --good: #0f6b3c; --bad: #b3261e }
${shades('light')}
@media (prefers-color-scheme: dark) {
:root { --page: #0e1116; --card: ${CARDS.dark}; --ink: #e7eaee; --soft: #a7afb9; --rule: #323943; --link: #7fb8f5; --good: #5fd39b; --bad: #ff8a80 }
${shades('dark')}
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif }
.skip { position: absolute; left: -999em; background: var(--card); padding: .5em 1em }
.skip:focus { left: 0; top: 0 }
header, main, footer { max-width: 1320px; margin: 0 auto; padding: 0 20px }
header { padding-top: 24px }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .7rem; border-bottom: 1px solid var(--rule); padding-bottom: .25rem }
h3 { font-size: 1rem; margin: 1.4rem 0 .5rem }
a { color: var(--link) }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
.lead { font-size: 1.1rem; font-weight: 600; margin: .6rem 0 }
.good { color: var(--good) }
.bad { color: var(--bad) }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; padding: 0; margin: 1rem 0 0 }
dl.facts { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin: 1rem 0 0 }
dl.facts div { min-width: 0 }
dt { color: var(--soft); font-size: .82rem }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
.story { padding-left: 1.3rem; max-width: 80ch }
.story li { margin: .25rem 0 }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; margin: .6rem 0 1rem }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; padding: .6rem .8rem .2rem }
th, td { padding: .32rem .8rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--rule) }
thead th { color: var(--soft); font-weight: 600; border-top: 0 }
th:first-child, td.text, th.text { text-align: left }
td.text { white-space: normal; min-width: 5.5rem }
tbody th { font-weight: 600 }
.note { color: var(--soft); font-size: .86rem; max-width: 90ch; margin: .3rem 0 }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 350px), 1fr)); gap: 14px }
figure { margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 10px 12px; min-width: 0; break-inside: avoid }
figcaption { font-size: .9rem; line-height: 1.35 }
figcaption strong { display: block }
figcaption span { color: var(--soft) }
figure svg { display: block; width: 100%; height: auto; color: var(--ink); font-family: system-ui, sans-serif; margin-top: 4px }
figure svg text { paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round }
.legend { display: flex; flex-wrap: wrap; gap: 0 .9rem; list-style: none; padding: 0; margin: .2rem 0 0; font-size: .82rem }
.legend li { overflow-wrap: anywhere }
.legend svg { display: inline-block; width: 18px; height: 10px; margin: 0 .35rem 0 0; vertical-align: 0 }
.timeline { columns: 22rem auto; column-gap: 1rem; padding-left: 0; font-size: .9rem }
.timeline li { break-inside: avoid; margin-left: 2rem }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .8rem; overflow-x: auto; font: 13px/1.5 ui-monospace, "SF Mono", Consolas, monospace; margin: .6rem 0 }
.heat { width: auto }
.heat th, .heat td { text-align: center; padding: .3rem .5rem }
.heat th { white-space: normal; max-width: 6.5rem }
figure.single svg { max-width: 600px }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 560px), 1fr)); gap: 0 14px; align-items: start }
svg.bar { display: block; width: 260px; height: 18px; color: var(--ink) }
${HEAT.map(([background, ink], i) => `.heat td.h${i} { background: ${background}; color: ${ink} }`).join('\n')}
details { margin: .8rem 0 }
summary { cursor: pointer; font-weight: 600 }
footer { color: var(--soft); font-size: .86rem; padding-top: 1.5rem; padding-bottom: 2rem }
@media (max-width: 600px) { header, main, footer { padding-left: 12px; padding-right: 12px } h1 { font-size: 1.5rem } th, td { padding: .3rem .55rem } svg.bar { width: 120px; height: auto } .tornado tbody th { white-space: normal; overflow-wrap: break-word; min-width: 7rem; max-width: 8.5rem } }
@media print { :root { color-scheme: light } nav, .skip { display: none } .charts { grid-template-columns: repeat(2, 1fr) } .scroll, pre { overflow: visible } pre { white-space: pre-wrap } }
`

/** Nothing is loaded, run or sent; the style sheet is allowed by what it is, so that no other style can come in. */
/** As it stands in the page: a blank more, and the policy would not let it in. */
export const STYLE_ELEMENT = `<style>${STYLE}</style>`

export const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`
