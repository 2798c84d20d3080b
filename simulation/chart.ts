/** Pictures as SVG from a description in Vega-Lite, drawn without a browser. What draws is loaded when something is drawn. */
import type { TopLevelSpec } from 'vega-lite'

/** Okabe and Ito's colours, told apart by most who see few. */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999933'] as const

/** What is drawn: rows for each named source of data, a value for each parameter of the description. */
export interface Drawing {
  readonly data?: Readonly<Record<string, readonly object[]>>
  readonly params?: Readonly<Record<string, number>>
}

/** Draws one after the other, each when the one before is done: what costs is the first. Every drawing gives the same names. */
export type Stencil = (drawing: Drawing) => Promise<string>

export async function stencilOf(spec: TopLevelSpec): Promise<Stencil> {
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')])
  const view = new View(parse(compile(spec).spec), { renderer: 'none' })
  return ({ data = {}, params = {} }) => {
    for (const [name, value] of Object.entries(params)) view.signal(name, value)
    for (const [name, rows] of Object.entries(data)) view.data(name, [...rows])
    return view.toSVG()
  }
}

export async function svgOf(spec: TopLevelSpec): Promise<string> {
  const draw = await stencilOf(spec)
  return draw({})
}
