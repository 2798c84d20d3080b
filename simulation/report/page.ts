/** What every page of ours is made of: head and policy, tables, charts. Nothing in it needs a script or the network. */
import { VERSION } from '../cluster/version.ts'
import { type Curve, type Figure, boundsOf, wordsOf } from './figure.ts'
import { escaped, type Html, html, type Part, raw } from './html.ts'
import { measureOf, shownAs, valueOf } from './measure.ts'
import { DASHES, LEVEL_DASHES, type Plot } from './plot.ts'
import { POLICY, STYLE_ELEMENT } from './style.ts'

export interface Section {
  readonly id: string
  readonly title: string
  readonly body: Part
}

/** The whole document. `head` stands above the list of sections. */
export function pageOf(title: string, head: Part, sections: readonly Section[]): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${raw(STYLE_ELEMENT)}
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
          ${head}
          <nav aria-label="Sections">
            <ul>
              ${sections.map((section) => html`<li><a href="#${section.id}">${section.title}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main id="content">
          ${sections.map(
            ({ id, title: heading, body }) =>
              html`<section aria-labelledby="${id}">
                <h2 id="${id}">${heading}</h2>
                ${body}
              </section> `,
          )}
        </main>
        <footer><p>Written by coldpool ${VERSION} on Node ${process.versions.node}.</p></footer>
      </body>
    </html> `
  return page.text
}

/** Terms and what they are here, side by side. */
export function factList(facts: readonly (readonly [term: string, value: string])[]): Html {
  return html`<dl class="facts">
    ${facts.map(
      ([term, value]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`
}

/** A figure of the verdict: as people read it, and as it is. */
export interface Value {
  /** Its name says what it is measured in (measure.ts). */
  readonly path: string
  readonly value: number
}

export type Cell = Value | string | undefined

export interface Row {
  readonly name: string
  readonly cells: readonly Cell[]
}

/** In a frame that scrolls by itself where the page is narrow, with the keyboard too. */
export function tableOf(caption: string, head: readonly string[], rows: readonly Row[]): Html {
  // Columns of words stand left, columns of figures right.
  const words = head.slice(1).map((_, i) => rows.some(({ cells }) => typeof cells[i] === 'string'))
  const kind = (i: number): Part => words[i] && html` class="text"`
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head.map((title, i) => html`<th scope="col" ${kind(i - 1)}>${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ name, cells }) =>
            html`<tr>
              <th scope="row">${name}</th>
              ${cells.map((cell, i) => html`<td${kind(i)}>${cellOf(cell)}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div> `
}

function cellOf(cell: Cell): Part {
  if (cell === undefined) return '–'
  if (typeof cell === 'string') return cell
  const { path, value } = cell
  const shown = shownAs(measureOf(path), valueOf(path, value))
  return shown === `${value}` ? shown : html`<data value="${value}">${shown}</data>`
}

/** Side by side as the width allows. */
export async function chartsOf(figures: readonly Figure[], plot: Plot, seconds: number): Promise<Html> {
  const cards: Html[] = []
  for (const figure of figures) cards.push(await chartOf(figure, plot, seconds))
  return html`<div class="charts">${cards}</div> `
}

async function chartOf(figure: Figure, plot: Plot, seconds: number): Promise<Html> {
  const { title, subject, areas = [], lines = [], levels = [], note } = figure
  const svg = await plot(figure)
  const { unit } = boundsOf(figure)
  const subtitle = `${subject === undefined ? '' : `${subject}, `}${unit.name === '' ? 'as a number' : `in ${unit.name}`}`
  // A stack is read from its top.
  const legend = [
    ...levels.map(({ name }, i) => lineKey(name, 'currentColor', LEVEL_DASHES, i)),
    ...lines.map(({ name, colour }, i) => lineKey(name, colour, DASHES, i)),
    ...areas.map(areaKey).toReversed(),
  ]
  return html`<figure>
    <figcaption><strong>${title}</strong> <span>${subtitle}</span></figcaption>
    ${raw(svg.replace('<svg ', `<svg role="img" aria-label="${escaped(wordsOf(figure, seconds))}" `))}
    <ul class="legend">
      ${legend}
    </ul>
    ${note !== undefined && html`<p class="note">${note}</p> `}
  </figure> `
}

function areaKey({ name, colour }: Curve): Html {
  return html`<li>
    <svg viewBox="0 0 18 10" aria-hidden="true"><rect width="18" height="10" fill="${colour}" /></svg>${name}
  </li>`
}

function lineKey(name: string, colour: string, dashes: readonly (readonly number[])[], i: number): Html {
  const dash = dashes[i % dashes.length]!.join(',')
  return html`<li>
    <svg viewBox="0 0 18 10" aria-hidden="true">
      <path d="M0,5H18" stroke="${colour}" stroke-width="2" ${dash !== '' && html` stroke-dasharray="${dash}"`} /></svg
    >${name}
  </li>`
}
