/** Elements, made and kept up to date. Text is only ever set as text, so nothing that a run is called becomes markup. */

type Child = Node | string | undefined
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value))
  }
  made.append(...children.filter((child) => child !== undefined))
  return made
}

/** Of what stands in index.html. */
export function byId(id: string): HTMLElement {
  return document.getElementById(id)!
}

/** Touches the page only if something changes: ten times a second, most figures do not. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

export function setState(node: HTMLElement, name: string, value: string): void {
  if (node.dataset[name] !== value) node.dataset[name] = value
}

export function setStyle(node: HTMLElement, property: string, value: string): void {
  if (node.style.getPropertyValue(property) !== value) node.style.setProperty(property, value)
}

/** A table whose cells are found again by row and column. */
export class Grid {
  readonly root: HTMLTableElement
  readonly #cells = new Map<string, HTMLElement>()
  /** Head and cells. */
  readonly #columns: ReadonlyMap<string, HTMLElement[]>

  /** `heads` of the columns, the first of which names the row. */
  constructor(
    caption: string,
    heads: readonly (readonly [title: string, hint?: string])[],
    rows: readonly string[],
    mark?: (row: string) => Node,
  ) {
    const titles = heads.map(([title, hint]) => element('th', { scope: 'col', title: hint }, title))
    this.#columns = new Map(heads.map(([title], i) => [title, [titles[i]!]]))
    const head = element('tr', {}, ...titles)
    const body = rows.map((row) =>
      element(
        'tr',
        { 'data-row': row },
        element('th', { scope: 'row' }, mark?.(row), row),
        ...heads.slice(1).map(([title]) => {
          const cell = element('td', { 'data-column': title })
          this.#cells.set(`${row}\n${title}`, cell)
          this.#columns.get(title)!.push(cell)
          return cell
        }),
      ),
    )
    this.root = element(
      'table',
      {},
      element('caption', { class: 'hidden' }, caption),
      element('thead', {}, head),
      element('tbody', {}, ...body),
    )
  }

  cell(row: string, column: string): HTMLElement {
    return this.#cells.get(`${row}\n${column}`)!
  }

  /** A column of which there is nothing to say takes no room. */
  show(column: string, shown: boolean): void {
    for (const cell of this.#columns.get(column)!) if (cell.hidden === shown) cell.hidden = !shown
  }

  /** `raw` is the exact value, for who reads the page by machine. */
  set(row: string, column: string, text: string, raw?: number, state = ''): void {
    const cell = this.cell(row, column)
    setText(cell, text)
    if (raw !== undefined) setState(cell, 'value', String(raw))
    setState(cell, 'state', state)
  }
}

/** Wide tables scroll by themselves, also by keyboard. */
export function scroller(label: string, ...children: Node[]): HTMLElement {
  return element('div', { class: 'scroller', tabindex: 0, role: 'region', 'aria-label': label }, ...children)
}
